"""Where the program may connect to on behalf of its users: to the outside, never to what stands behind the firewall with it.

A name is looked up once, by `resolve`, and the caller connects to the address it returns, so that a second answer of the name server cannot
lead elsewhere.
"""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address

from app.core import settings
from app.core.errors import Forbidden, Unavailable

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER = tuple(map(ipaddress.ip_network, ("fec0::/10", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48")))
"""Inside, though `ipaddress` calls them global: old site-local addresses, and old or local ways to write an IPv4 address (RFC 3879, 4291, 2765,
8215). No server of the Internet answers there; a router of the house may."""
Address = IPv4Address | IPv6Address


def resolve(host: str, port: int) -> str:
    """Return the address to connect to for a name or address. All addresses of a name must be allowed; IPv4 comes first.

    Raises Unavailable where there is no such host, Forbidden where it is in a private network. Blocks while the name server is asked.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
        raise Unavailable(f"There is no host named {host}.") from None
    addresses = sorted({ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}, key=lambda a: (a.version, a))
    for address in addresses:
        check(host, address)
    return str(addresses[0])


def check(host: str, address: Address) -> None:
    """Raise Forbidden if an address that `host` stands for is in a private network, unless the settings allow it."""
    if not is_allowed(address):
        says = host if host == str(address) else f"{host} ({address})"
        raise Forbidden(f"{says} is in a private network. OUTBOUND_ALLOW names those that Fairlead may connect to.")


def check_literal(host: str) -> None:
    """Check a host that is written as an address, as `resolve` would; a name is looked up only when it is connected to."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return
    check(host, address)


def is_allowed(address: Address) -> bool:
    """Tell whether the program may connect there: to public addresses, to networks the settings name, and to itself while in development."""
    config = settings.get()
    inner = _carried(address)
    if any(inner in network for network in config.OUTBOUND_ALLOW if network.version == inner.version):
        return True
    if inner.is_loopback:
        return config.EMBEDDED or config.TESTING
    return (
        inner.is_global and not inner.is_multicast and not any(inner in network for network in _NEVER if network.version == inner.version)
    )


def _carried(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
