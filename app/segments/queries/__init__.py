"""Reads of segments, split by noun."""
