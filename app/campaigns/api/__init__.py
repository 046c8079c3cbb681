"""The JSON endpoints of this room, split by noun."""

from app.campaigns.api.campaigns import api as campaigns_api
from app.campaigns.api.results import api as results_api

__all__ = ["campaigns_api", "results_api"]
