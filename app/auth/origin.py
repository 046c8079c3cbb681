"""Where an attempt to come in is made from. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import config
from app.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request says of itself: network address, Host header, browser, request id."""

    address: str | None
    host: str
    user_agent: str = ""
    request_id: str | None = None

    def actor(self, name: str, user_id: int | None) -> Actor:
        """Return the person as actor from here."""
        return Actor(name, user_id, None, self.address, self.request_id)


def is_loopback(host: str) -> bool:
    """Tell whether a Host header names this machine: `localhost`, 127.0.0.0/8 or ::1, with or without a port."""
    try:
        return config.is_loopback(urlsplit(f"//{host}").hostname)
    except ValueError:
        return False
