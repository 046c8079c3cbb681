"""E-mail addresses: a fast check for the many that are good, a slow one that says what is wrong with the rest."""

import re

from app.customers.imports.rejects import Kind, Unreadable

LONGEST = 254
"""Octets of an address that SMTP can carry (RFC 5321, erratum 1690)."""
_LOCAL = 64
_LABEL = 63
_PLAIN = re.compile(
    r"[a-z0-9_+-]+(?:[.!#$%&'*/=?^`{|}~][a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_ATOM = re.compile(r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\"]+")
_DOMAIN = re.compile(r"[^\W_](?:[\w-]*[^\W_])?", re.UNICODE)


def read_addresses(values: list[str]) -> list[str | None]:
    """Return each address in lower case; None for an empty one, and for one that `why_not` must look at."""
    match = _PLAIN.fullmatch
    return [v if len(v) <= _LOCAL and match(v) else None for v in [value.strip().lower() for value in values]]


def read_address(value: str) -> str | None:
    """Return an address in lower case, None for an empty one. Raises Unreadable with a reason a person can act on."""
    address = value.strip().lower()
    if not address:
        return None
    reason = why_not(address)
    if reason:
        raise Unreadable(Kind.ADDRESS, reason)
    return address


def why_not(address: str) -> str | None:
    """Return what is wrong with an address, in a few words, or None."""
    for found, reason in (("<", "A name beside the address; write the address alone"), (",", "A comma in the address")):
        if found in address:
            return reason
    if any(ch.isspace() for ch in address):
        return "A space in the address"
    if address.count("@") != 1:
        return "No @ sign" if "@" not in address else "Two @ signs" if address.count("@") == 2 else "Several @ signs"  # noqa: PLR2004
    local, domain = address.split("@")
    return _local_fault(local) or _domain_fault(domain) or (_length_fault(address))


def _local_fault(local: str) -> str | None:
    if not local:
        return "Nothing before the @ sign"
    if len(local) > _LOCAL:
        return f"More than {_LOCAL} characters before the @ sign"
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "A dot in the wrong place before the @ sign"
    return None if _ATOM.fullmatch(local) else "A character that addresses do not have"


def _domain_fault(domain: str) -> str | None:
    if not domain:
        return "Nothing after the @ sign"
    labels = domain.split(".")
    if not all(labels):
        return "A dot in the wrong place after the @ sign"
    if len(labels) == 1:
        return "No domain ending"
    if any(len(label) > _LABEL or not _DOMAIN.fullmatch(label) for label in labels):
        return "A character that domains do not have"
    return "No domain ending, only digits" if labels[-1].isdigit() or len(labels[-1]) == 1 else None


def _length_fault(address: str) -> str | None:
    return f"Longer than {LONGEST} characters" if len(address.encode()) > LONGEST else None
