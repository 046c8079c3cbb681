"""The JSON endpoints of this room, split by noun."""

from app.campaigns.api.results import api as results_api

__all__ = ["results_api"]
