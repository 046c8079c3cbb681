"""Reads of the content room, by noun."""
