"""Pages of campaigns, split by noun."""
