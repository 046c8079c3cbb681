"""What may be said to this room, split by noun."""
