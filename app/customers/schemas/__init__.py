"""What pages and API take and give, split by noun."""
