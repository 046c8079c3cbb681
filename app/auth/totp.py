"""One-time codes (RFC 6238, six digits, 30 s) and recovery codes. Pure: no database, no clock."""

import re
import secrets
from datetime import datetime

import pyotp
import segno

STEP = 30
"""Seconds a code lives."""
RECOVERY_CODES = 10
"""How many recovery codes a user gets."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0 and 1, which people misread


def new_secret() -> str:
    """Return a fresh shared secret (base32, 160 bits)."""
    return pyotp.random_base32()


def address(secret: str, email: str, issuer: str = "Fairlead") -> str:
    """Return the otpauth address that authenticator apps read from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def picture(secret: str, email: str) -> str:
    """Return the QR code of `address` as SVG without styles, for a page under a strict CSP."""
    code = segno.make(address(secret, email), error="m")
    return str(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False, svgclass="fl-qr", lineclass=None))


def accepted_step(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """Return the time step whose code this is, or None.

    One step of drift either way is allowed; a step that is not later than `last_step` is refused, so that a code that was
    seen once cannot be used again.
    """
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    now_step = int(at.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    for step in (now_step, now_step - 1, now_step + 1):
        if step > last_step and secrets.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return ten codes such as `k7m2p-x9qrt-4vbnw` (74 bits each, so that a bare SHA-256 of them can be kept)."""
    return ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3)) for _ in range(RECOVERY_CODES)]


def plain_recovery_code(typed: str) -> str | None:
    """Return the code as it was given out, whatever the case and spacing, or None if it cannot be one."""
    letters = re.sub(r"[\s-]", "", typed).lower()
    return "-".join((letters[:5], letters[5:10], letters[10:])) if re.fullmatch(f"[{_ALPHABET}]{{15}}", letters) else None
