"""The environment is refused by name, and never read aloud."""

import base64

import pytest

from config import Config, ConfigError, is_loopback, smtp_server

FERNET = base64.urlsafe_b64encode(b"f" * 32).decode()  # fixed: test names hold it
GOOD = {
    "DATABASE_URL": "postgresql://u:geheim@db.example:5432/fairlead",
    "REDIS_URL": "redis://:geheim@redis.example:6379/0",
    "PUBLIC_URL": "https://mail.example.com",
    "SECRET_KEYS": "a" * 32 + ", " + "b" * 32,
    "LINK_KEYS": "k2:" + "c" * 32 + ",k1:" + "d" * 32,
    "CREDENTIAL_KEYS": FERNET,
}
HOME = GOOD | {"EMBEDDED": "1", "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}


def problems(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        Config.from_env(environ)
    return caught.value.problems


def test_good_values_are_typed() -> None:
    config = Config.from_env(GOOD | {"WEB_THREADS": "4", "LOG_LEVEL": "debug", "UNKNOWN": "left alone"})
    assert config.DATABASE_URL == "postgresql+psycopg2://u:geheim@db.example:5432/fairlead"
    assert config.SECRET_KEYS == ("a" * 32, "b" * 32)
    assert list(config.LINK_KEYS) == ["k2", "k1"]
    assert (config.WEB_THREADS, config.WEB_WORKERS, config.LOG_LEVEL, config.EMBEDDED) == (4, 2, "DEBUG", False)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_way_to_write_the_database_scheme_means_the_same_driver(scheme: str) -> None:
    assert Config.from_env(GOOD | {"DATABASE_URL": f"{scheme}://h/d"}).DATABASE_URL == "postgresql+psycopg2://h/d"


def test_all_that_is_missing_is_named_at_once() -> None:
    found = problems({"PORT": " "})
    assert set(found) == {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEYS", "LINK_KEYS", "CREDENTIAL_KEYS"}
    assert all(reason.startswith("is not set. ") for reason in found.values())


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "80000", "'80000' is not allowed. Allowed: a whole number from 1 to 65535."),
        ("PORT", "http", "'http' is not allowed. Allowed: a whole number from 1 to 65535."),
        ("WEB_WORKERS", "0", "'0' is not allowed. Allowed: a whole number from 1 to 64."),
        ("LOG_LEVEL", "LOUD", "'LOUD' is not allowed. Allowed: DEBUG, INFO, WARNING or ERROR."),
        ("RATE_PER_CALLER", "many", "'many' is not allowed. Allowed: a rate such as 600/minute; several with a semicolon between."),
        ("PUBLIC_URL", "http://mail.example.com", None),
        ("PUBLIC_URL", "https://mail.example.com/app", None),
        ("PUBLIC_URL", "mail.example.com", None),
        (
            "DATABASE_URL",
            "mysql://u:geheim@db/x",
            "'mysql://***@db/x' is not allowed. Allowed: postgresql://user:password@host:port/database.",
        ),
        ("DATABASE_URL", "postgresql://u:geheim@db", None),
        ("REDIS_URL", "http://:geheim@r/0", None),
        ("EMBEDDED", "perhaps", None),
    ],
)
def test_a_bad_value_is_named_and_shown_without_its_password(name: str, value: str, reason: str | None) -> None:
    found = problems(GOOD | {name: value})
    assert set(found) == {name}
    assert reason is None or found[name] == reason
    assert "geheim" not in str(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEYS", "geheim"),
        ("SECRET_KEYS", "a" * 32 + ",geheim"),
        ("SECRET_KEYS", ","),
        ("LINK_KEYS", "geheim" * 10),
        ("LINK_KEYS", "k1:geheim"),
        ("LINK_KEYS", "k1:" + "geheim" * 6 + ",k1:" + "b" * 32),
        ("LINK_KEYS", "k.1:" + "geheim" * 6),
        ("CREDENTIAL_KEYS", "geheim" * 8),
        ("CREDENTIAL_KEYS", FERNET + ",geheim"),
        ("METRICS_TOKEN", "geheim"),
    ],
)
def test_a_bad_secret_is_named_and_not_shown(name: str, value: str) -> None:
    found = problems(GOOD | {name: value})
    assert set(found) == {name}
    assert found[name].startswith("The value (kept secret) is not allowed. Allowed: ")
    assert "geheim" not in found[name]
    assert FERNET not in found[name]


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    text = repr(Config.from_env(GOOD | {"METRICS_TOKEN": "m" * 16}))
    assert not [word for word in ("geheim", "aaaa", "cccc", FERNET, "mmmm") if word in text]


def test_the_embedded_mode_brings_its_address() -> None:
    assert Config.from_env({**HOME, "PUBLIC_URL": "", "PORT": "8123"}).PUBLIC_URL == "http://127.0.0.1:8123"


@pytest.mark.parametrize(("name", "value"), [("HOST", "0.0.0.0"), ("HOST", "::"), ("DATABASE_URL", GOOD["DATABASE_URL"])])
def test_the_embedded_mode_with_its_demo_user_stays_on_this_machine(name: str, value: str) -> None:
    assert set(problems(HOME | {name: value})) == {"EMBEDDED"}


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://ada:p%40ss%2F%3A@post.example", ("post.example", 587, "starttls", "ada", "p@ss/:")),
        ("smtps://post.example:4465", ("post.example", 4465, "tls", None, None)),
        ("smtp+plain://127.0.0.1", ("127.0.0.1", 25, "none", None, None)),
    ],
)
def test_the_operators_mail_server(url: str, server: tuple[str, int, str, str | None, str | None]) -> None:
    config = Config.from_env(GOOD | {"SYSTEM_SMTP_URL": url, "SYSTEM_MAIL_FROM": "accounts@post.example"})
    assert smtp_server(config.SYSTEM_SMTP_URL or "") == server
    assert "p%40ss" not in repr(config)


@pytest.mark.parametrize(
    "url", ["post.example", "http://post.example", "smtp://", "smtp://ada@post.example", "smtp://post.example/x", "smtp://h:x"]
)
def test_what_is_no_mail_server_is_said_without_its_password(url: str) -> None:
    assert set(problems(GOOD | {"SYSTEM_SMTP_URL": url, "SYSTEM_MAIL_FROM": "accounts@post.example"})) == {"SYSTEM_SMTP_URL"}


def test_the_operators_mail_comes_from_somebody() -> None:
    url = "smtp://ada:sesame@post.example"
    said = problems(GOOD | {"SYSTEM_SMTP_URL": url})
    assert set(said) == {"SYSTEM_SMTP_URL"}
    assert "SYSTEM_MAIL_FROM" in said["SYSTEM_SMTP_URL"]
    assert "sesame" not in str(said)
    assert set(problems(GOOD | {"SYSTEM_MAIL_FROM": "Ada <ada@post.example>"})) == {"SYSTEM_MAIL_FROM"}
