"""The verbs of segments, split by noun."""
