"""Reads of this room, split by noun."""
