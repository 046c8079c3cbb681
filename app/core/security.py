"""Secrets: passwords, random tokens, sealed credentials, signed links. Three keyrings, so that turning one leaves the others."""

import base64
import hashlib
import hmac
import secrets

import bcrypt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from app.core.errors import Unavailable

_ROUNDS = 12


def hash_password(password: str) -> str:
    """Hash with bcrypt over base64(SHA-256): bcrypt alone stops at 72 bytes, and a raw digest may hold NUL."""
    rounds = 4 if current_app.config["TESTING"] else _ROUNDS
    return bcrypt.hashpw(_prehash(password), bcrypt.gensalt(rounds)).decode()


def check_password(password: str, hashed: str) -> bool:
    """Tell whether the password belongs to the hash."""
    return bcrypt.checkpw(_prehash(password), hashed.encode())


def _prehash(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode()).digest())


def random_token() -> str:
    """Return 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the SHA-256 hex of a random token: what is kept of sessions, keys and one-time links."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_keys() -> dict[str, str]:
    """Return the keys that sign access tokens by their ids, the signing one first: derived from SECRET_KEYS, not equal to them."""
    derived = [hmac.new(key.encode(), b"fairlead access tokens", hashlib.sha256).hexdigest() for key in current_app.config["SECRET_KEYS"]]
    return {digest(key)[:8]: key for key in derived}


def seal(plain: str) -> str:
    """Encrypt a credential with the first of CREDENTIAL_KEYS (Fernet)."""
    return _keyring().encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a credential. Raises Unavailable if no key fits."""
    try:
        return _keyring().decrypt(sealed.encode()).decode()
    except InvalidToken as problem:
        reason = "A stored credential cannot be read: its key is not among CREDENTIAL_KEYS."
        raise Unavailable(reason) from problem


def _keyring() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in current_app.config["CREDENTIAL_KEYS"]])


def sign_link(payload: bytes) -> str:
    """Return `keyid.payload.signature`, URL-safe, signed with the first of LINK_KEYS (HMAC-SHA256, 128 bits)."""
    key_id, key = next(iter(current_app.config["LINK_KEYS"].items()))
    body = _b64(payload)
    return f"{key_id}.{body}.{_b64(_mac(key, key_id, body))}"


def read_link(token: str) -> bytes | None:
    """Return the payload of a link signed with any of LINK_KEYS, or None if it was not."""
    key_id, _, rest = token.partition(".")
    body, _, signature = rest.partition(".")
    key = current_app.config["LINK_KEYS"].get(key_id)
    if key is None or not hmac.compare_digest(_b64(_mac(key, key_id, body)).encode(), signature.encode()):
        return None
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def _mac(key: str, key_id: str, body: str) -> bytes:
    return hmac.new(key.encode(), f"{key_id}.{body}".encode(), hashlib.sha256).digest()[:16]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
