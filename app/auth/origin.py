"""Where an attempt to come in is made from. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address
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


def network(address: str | None) -> str:
    """Return the unit by which attempts are counted: an IPv4 address, or the /64 a household or server gets of IPv6."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if found.version == 6:  # noqa: PLR2004 (IP version)
        mapped = getattr(found, "ipv4_mapped", None)
        return str(mapped) if mapped else ":".join(found.exploded.split(":")[:4])
    return str(found)
