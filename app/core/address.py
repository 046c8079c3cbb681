"""Network addresses as units that calls are counted by. Pure."""

from ipaddress import IPv6Address, ip_address


def network(address: str | None) -> str:
    """Return the unit by which calls are counted: an IPv4 address, or the /64 a household or server gets of IPv6."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else ":".join(found.exploded.split(":")[:4])
    return str(found)
