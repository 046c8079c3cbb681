"""The typed configuration, for those below the edge."""

from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from config import Config


def get() -> "Config":
    """Return the configuration the application was made with."""
    return cast("Config", current_app.extensions["fairlead_config"])
