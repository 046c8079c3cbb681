"""What events read and write, by noun."""
