"""Every environment variable, typed, with its default. Nothing else reads the environment."""

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import unquote, urlsplit, urlunsplit

import limits
from cryptography.fernet import Fernet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

_MIN_SECRET = 32
_SMTP = {"smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp+plain": ("none", 25)}
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\".]+")
_LINK_KEY = re.compile(r"([A-Za-z0-9_-]{1,16}):(.+)", re.DOTALL)
HEADS = ("Variable", "Default", "Meaning")


class ConfigError(Exception):
    """The environment holds values that are not allowed; the text has one line per variable."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep `problems` (variable to reason)."""
        super().__init__("\n".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address (no port) stands for this machine only."""
    if not host:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def in_url(host: str) -> str:
    """Return a host as it stands in a URL or before a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _long_keys(value: object) -> object:
    keys = _split(value)
    if not isinstance(keys, tuple) or not keys or any(len(key) < _MIN_SECRET for key in keys):
        reason = f"a list with commas between, each of at least {_MIN_SECRET} characters; the first one signs"
        raise ValueError(reason)
    return keys


def _link_keys(value: object) -> object:
    if isinstance(value, Mapping):
        value = ",".join(f"{name}:{key}" for name, key in value.items())
    parts = _split(value)
    pairs = [_LINK_KEY.fullmatch(part) for part in parts] if isinstance(parts, tuple) else []
    keys = {pair[1]: pair[2] for pair in pairs if pair is not None}
    if not keys or len(keys) != len(pairs) or any(len(key) < _MIN_SECRET for key in keys.values()):
        reason = f"a list id:secret with commas between, no id twice, secrets of at least {_MIN_SECRET} characters; the first one signs"
        raise ValueError(reason)
    return keys


def _fernet_keys(value: object) -> object:
    keys = _split(value)
    reason = "a list of Fernet keys (32 bytes, URL-safe base64) with commas between; the first one encrypts"
    if not isinstance(keys, tuple) or not keys:
        raise ValueError(reason)
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise ValueError(reason) from None
    return keys


def _database_url(value: object) -> object:
    scheme, _, rest = str(value).partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg2"} or not rest.partition("?")[0].partition("/")[2]:
        reason = "postgresql://user:password@host:port/database"
        raise ValueError(reason)
    return f"postgresql+psycopg2://{rest}"


def _redis_url(value: object) -> object:
    if urlsplit(str(value)).scheme not in {"redis", "rediss", "unix"}:
        reason = "redis://:password@host:port/number, rediss:// or unix://"
        raise ValueError(reason)
    return value


class SmtpServer(NamedTuple):
    """A mail server: `tls` is none, starttls or tls."""

    host: str
    port: int
    tls: str
    username: str | None
    password: str | None


def smtp_server(url: str) -> SmtpServer:
    """Read `smtp://user:password@host:port`; raises ValueError. User and password are percent-encoded where they hold `:/@?#%`."""
    parts = urlsplit(url)
    if parts.scheme not in _SMTP or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        reason = "smtp://user:password@host:587 (STARTTLS), smtps://… (TLS, 465) or smtp+plain://… (no encryption, 25)"
        raise ValueError(reason)
    if bool(parts.username) != bool(parts.password):
        reason = "a user name and a password, or neither"
        raise ValueError(reason)
    tls, port = _SMTP[parts.scheme]
    name, word = (unquote(part) if part else None for part in (parts.username, parts.password))
    return SmtpServer(parts.hostname, parts.port or port, tls, name, word)


def _smtp_url(value: object) -> object:
    if value is not None:
        smtp_server(str(value))
    return value


def _mail_address(value: object) -> object:
    if value is not None and not _ADDRESS.fullmatch(str(value)):
        reason = "one address, such as accounts@example.com"
        raise ValueError(reason)
    return value


def _public_url(value: object) -> object:
    parts = urlsplit(str(value))
    plain = parts.scheme == "http" and is_loopback(parts.hostname)
    if not parts.hostname or not (parts.scheme == "https" or plain) or parts.path.strip("/") or parts.query or parts.fragment:
        reason = "https://host[:port] without a path (http:// on a loopback address only)"
        raise ValueError(reason)
    return f"{parts.scheme}://{parts.netloc}"


def _rate(value: object) -> object:
    try:
        limits.parse_many(str(value))
    except ValueError:
        reason = "a rate such as 600/minute; several with a semicolon between"
        raise ValueError(reason) from None
    return value


def _level(value: object) -> object:
    level = str(value).upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        reason = "DEBUG, INFO, WARNING or ERROR"
        raise ValueError(reason)
    return level


def _token(value: object) -> object:
    if value is not None and len(str(value)) < 16:  # noqa: PLR2004 (said in the reason)
        reason = "at least 16 characters"
        raise ValueError(reason)
    return value


def _networks(value: object) -> object:
    parts = _split(value)
    try:
        return tuple(ipaddress.ip_network(part) for part in parts) if isinstance(parts, tuple) else value
    except ValueError:
        reason = "a list of networks with commas between, such as 10.0.0.0/8, 127.0.0.1"
        raise ValueError(reason) from None


Rate = Annotated[str, BeforeValidator(_rate)]
Networks = Annotated[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], BeforeValidator(_networks)]


class Config(BaseModel):
    """The settings of one process. Frozen; read once, by the factory or by the launcher."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    DATABASE_URL: Annotated[str, BeforeValidator(_database_url)] = Field(
        repr=False, description="PostgreSQL 15 or newer. `make run` starts an embedded one where it is unset."
    )
    REDIS_URL: Annotated[str, BeforeValidator(_redis_url)] = Field(
        repr=False, description="Redis 7 or Valkey, with `appendonly yes`. `make run` starts an embedded one where it is unset."
    )
    PUBLIC_URL: Annotated[str, BeforeValidator(_public_url)] = Field(
        description="The address people type, without a path: every link is built from it. https unless loopback."
    )
    SECRET_KEYS: Annotated[tuple[str, ...], BeforeValidator(_long_keys)] = Field(
        repr=False, description="Sign session cookies, CSRF tokens and JWTs: comma list, each 32 characters or more; the first signs."
    )
    LINK_KEYS: Annotated[dict[str, str], BeforeValidator(_link_keys)] = Field(
        repr=False, description="Sign links in mails: comma list of `id:secret`; the first signs. Keep each while its links are out."
    )
    CREDENTIAL_KEYS: Annotated[tuple[str, ...], BeforeValidator(_fernet_keys)] = Field(
        repr=False, description="Fernet keys, comma list, that encrypt stored credentials; the first encrypts, all decrypt."
    )
    HOST: str = Field(default="127.0.0.1", description="Address that the web process listens on.")
    PORT: int = Field(default=8000, ge=1, le=65535, description="Port that the web process listens on.")
    WEB_WORKERS: int = Field(default=2, ge=1, le=64, description="Web processes.")
    WEB_THREADS: int = Field(default=8, ge=1, le=64, description="Threads of each web process.")
    JOB_WORKERS: int = Field(default=2, ge=1, le=64, description="Worker processes of `flask worker`.")
    MAIL_WORKERS: int = Field(default=1, ge=0, le=16, description="Processes of `flask worker` that send mail.")
    DB_POOL_SIZE: int = Field(default=10, ge=1, le=200, description="Database connections that each process keeps; four more on demand.")
    TRUSTED_PROXIES: int = Field(
        default=0, ge=0, le=5, description="Proxies in front, whose `X-Forwarded-*` is believed. Too many, and clients forge addresses."
    )
    OUTBOUND_ALLOW: Networks = Field(
        default=(), description="Private networks (comma list) that users' mail servers may stand in; others are never connected to."
    )
    SYSTEM_MAIL_FROM: Annotated[str | None, BeforeValidator(_mail_address)] = Field(
        default=None, description="The address that resets and invitations come from; needed with `SYSTEM_SMTP_URL`."
    )
    SYSTEM_SMTP_URL: Annotated[str | None, BeforeValidator(_smtp_url)] = Field(
        default=None,
        repr=False,
        description="Your own mail server for resets and invitations: `smtp://user:password@host:587`, `smtps://`, `smtp+plain://`. "
        "Unset: each workspace's sender, where that is safe.",
    )
    SESSION_IDLE_MINUTES: int = Field(default=120, ge=1, le=60 * 24 * 30, description="Minutes without a call that end a session.")
    SESSION_ABSOLUTE_HOURS: int = Field(default=24 * 7, ge=1, le=24 * 90, description="Hours that end any session.")
    MAX_UPLOAD_MB: int = Field(default=1024, ge=1, le=100 * 1024, description="Largest upload in MB (2²⁰ bytes); more is refused with 413.")
    MAX_FILES_MB: int = Field(default=20 * 1024, ge=1, description="MB that the files of one workspace may take; more is refused with 413.")
    RATE_PER_CALLER: Rate = Field(default="1200/minute", description="Calls that one API key, token or address may make.")
    RATE_PER_ADDRESS: Rate = Field(default="6000/minute", description="Calls that one address may make, all its keys together.")
    LOG_LEVEL: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_level)] = Field(
        default="INFO", description="Least severe log line that is written: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    METRICS_TOKEN: Annotated[str | None, BeforeValidator(_token)] = Field(
        default=None, repr=False, description="Bearer token for `/metrics`, 16 characters or more. Unset: loopback only."
    )
    PROMETHEUS_MULTIPROC_DIR: str | None = Field(
        default=None, description="Folder where the processes of one host share metrics. Unset: web processes only."
    )
    EMBEDDED: bool = Field(default=False, description="Set by `make run` alone: embedded database, demo user, loopback only.")
    TESTING: bool = Field(default=False, description="Set by the test suite alone: cheap password hashes, no rate limits.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read `environ` (default: the process's). An empty value counts as unset. Raises ConfigError naming every bad variable."""
        environ = os.environ if environ is None else environ
        given: dict[str, Any] = {name: environ[name] for name in cls.model_fields if environ.get(name, "").strip()}
        if given.get("EMBEDDED", "").lower() in {"1", "true", "yes", "on"}:
            given.setdefault("PUBLIC_URL", f"http://127.0.0.1:{given.get('PORT', cls.model_fields['PORT'].default)}")
        try:
            return cls(**given)
        except ValidationError as refusal:
            problems = {str((error["loc"] or ("EMBEDDED",))[0]): _reason(error, given) for error in refusal.errors()}
            raise ConfigError(problems) from None

    @field_validator("SYSTEM_SMTP_URL")
    @classmethod
    def _comes_from_somebody(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and not info.data.get("SYSTEM_MAIL_FROM"):
            reason = "a server together with SYSTEM_MAIL_FROM"
            raise ValueError(reason)
        return value

    @model_validator(mode="after")
    def _stays_at_home(self) -> Self:
        """Keep the demo user off every network: a Host header can be forged, a loopback socket cannot."""
        if self.EMBEDDED and not is_loopback(self.HOST):
            reason = f"is on, so HOST must be a loopback address, not {self.HOST!r}"
            raise ValueError(reason)
        if self.EMBEDDED and not is_loopback(urlsplit(self.DATABASE_URL).hostname):
            reason = "is on, so DATABASE_URL must be on a loopback address; it is set by `make run` alone"
            raise ValueError(reason)
        return self

    @classmethod
    def table(cls) -> str:
        """Return the environment table of the README (Markdown); a test holds the two together."""
        rows = [f"| {' | '.join(HEADS)} |", "|---|---|---|"]
        for name, field in cls.model_fields.items():
            default = "required" if field.is_required() else "" if field.default in (None, ()) else f"`{field.default}`"
            rows.append(f"| `{name}` | {default} | {field.description} |")
        return "\n".join(rows)


def _reason(error: Any, given: Mapping[str, str]) -> str:
    """Say what was found (never a secret) and what is allowed."""
    allowed = str(error.get("ctx", {}).get("error") or error["msg"])
    if not error["loc"]:
        return allowed
    name = str(error["loc"][0])
    if error["type"] == "missing":
        return f"is not set. {Config.model_fields[name].description}"
    allowed = _range(name) or allowed
    return f"{_shown(name, given.get(name, ''))} is not allowed. Allowed: {allowed}."


def _range(name: str) -> str:
    """Return «a whole number from 1 to 9» for a number field, else nothing."""
    bounds = {key: getattr(mark, key) for mark in Config.model_fields[name].metadata for key in ("ge", "le") if hasattr(mark, key)}
    return f"a whole number from {bounds['ge']} to {bounds['le']}" if bounds else ""


def _shown(name: str, value: str) -> str:
    """Return the value as it may stand in a log: without its password, or nothing of it where it is a secret."""
    if Config.model_fields[name].repr:
        return repr(value)
    parts = urlsplit(value) if name.endswith("_URL") else None
    if parts is None or not parts.scheme:
        return "The value (kept secret)"
    host = parts.netloc.rpartition("@")[2]
    return repr(urlunsplit(parts._replace(netloc=f"***@{host}" if "@" in parts.netloc else host, query="")))
