"""Verbs of the content room, by noun."""
