"""Reactions of this room, split by noun."""

from app.delivery.handlers.credit import credit_all

__all__ = ["credit_all"]
