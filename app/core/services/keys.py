"""Secrets of a folder: drawn once, kept in `secrets.env`, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEYS": lambda: secrets.token_urlsafe(48),
    "LINK_KEYS": lambda: f"k1:{secrets.token_urlsafe(48)}",
    "CREDENTIAL_KEYS": lambda: Fernet.generate_key().decode(),
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "VALKEY_PASSWORD": lambda: secrets.token_hex(24),
}


def kept(path: Path) -> dict[str, str]:
    """Return the secrets in `path`, drawing those that are missing; the file is replaced in one step, so a crash loses none."""
    found = _read(path)
    missing = {name: make() for name, make in _MAKERS.items() if not found.get(name)}
    if missing:
        found |= missing
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(f"{name}={value}\n" for name, value in found.items()))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return found


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}
