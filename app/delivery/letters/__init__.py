"""What the product writes itself: how its letters look, and their words. Pure."""
