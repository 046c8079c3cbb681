"""The verbs of this room, split by noun."""
