"""The JSON endpoints of this room, split by noun."""

from app.delivery.api.senders import api as senders_api

__all__ = ["senders_api"]
