"""Every environment variable, typed."""

import os
from collections.abc import Mapping

from pydantic import BaseModel


class Config(BaseModel):
    """What the environment says. (The refusals by name follow with the launcher.)"""

    DATABASE_URL: str = "postgresql+psycopg2://127.0.0.1/fairlead"
    REDIS_URL: str = "redis://127.0.0.1:6379/0"
    EMBEDDED: bool = False
    PUBLIC_URL: str = "http://127.0.0.1:8000"
    SECRET_KEYS: list[str] = []
    LINK_KEYS: dict[str, str] = {}
    CREDENTIAL_KEYS: list[str] = []
    SESSION_IDLE_MINUTES: int = 120
    SESSION_ABSOLUTE_HOURS: int = 168
    MAX_UPLOAD_MB: int = 1024
    TRUSTED_PROXIES: int = 0
    DB_POOL_SIZE: int = 5
    TESTING: bool = False
    RATE_PER_CALLER: str = "1200/minute"
    RATE_PER_ADDRESS: str = "6000/minute"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Config":
        """Read the environment."""
        given = os.environ if environ is None else environ
        return cls(**{name: given[name] for name in cls.model_fields if name in given})  # type: ignore[arg-type]
