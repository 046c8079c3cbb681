"""Does a call come from this machine itself? A proxy on it makes every stranger look so: neither address nor Host tell."""

from flask import current_app, request

from config import is_loopback

_SIGNS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via", "Cf-Connecting-Ip", "True-Client-Ip")
"""What proxies and tunnels leave on the calls they pass on; most are sent by default."""


def is_passed_on() -> bool:
    """Tell whether a proxy or a tunnel passed the call on, as far as it says so."""
    return any(name in request.headers for name in _SIGNS)


def direct_host() -> str:
    """Return the Host header, or nothing where somebody passed the call on: tunnels like to write `localhost` there."""
    return "" if is_passed_on() else request.host


def is_from_here() -> bool:
    """Tell whether the call surely comes from this machine.

    A server whose PUBLIC_URL is not of this machine stands behind a proxy; if that proxy is not a trusted one, which names the
    client, its calls cannot be told from our own, and none counts as ours.
    """
    told = current_app.config["TRUSTED_PROXIES"] > 0 or current_app.config["PUBLIC_URL"].startswith("http://")
    return told and is_loopback(request.remote_addr) and not is_passed_on()
