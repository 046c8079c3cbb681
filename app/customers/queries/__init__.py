"""Reads of customers, split by noun."""
