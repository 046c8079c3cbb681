"""Where the program may connect to."""

import socket
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy.session import Session

from app.core import outbound
from app.core.errors import Forbidden, Unavailable


@pytest.fixture
def production(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The settings of a server: no loopback."""

    def change(**values: Any) -> None:
        config = app.extensions["fairlead_config"].model_copy(update={"TESTING": False} | values)
        monkeypatch.setitem(app.extensions, "fairlead_config", config)

    change()
    return change


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "[::1]",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "ff02::1",
    "2001:db8::1",
    "fec0::1",
    "feff:ffff::1",
    "::10.0.0.1",
    "::8.8.8.8",
    "64:ff9b:1::a00:1",
    "64:ff9b:1:ffff::808:808",
    "::ffff:0:10.0.0.1",
    "::ffff:0:8.8.8.8",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_networks_are_refused(production: Any, host: str) -> None:
    with pytest.raises(Forbidden, match="private network"):
        outbound.check_literal(host)
    with pytest.raises(Forbidden):
        outbound.resolve(host, 25)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_public_addresses_are_allowed(production: Any, host: str) -> None:
    outbound.check_literal(host)


def test_the_settings_name_networks_that_are_allowed(production: Any) -> None:
    production(
        OUTBOUND_ALLOW=type(outbound.settings.get())(
            **outbound.settings.get().model_dump() | {"OUTBOUND_ALLOW": "10.0.0.0/8, ::1"}
        ).OUTBOUND_ALLOW
    )
    assert outbound.resolve("10.1.2.3", 25) == "10.1.2.3"
    assert outbound.resolve("::1", 25) == "::1"
    outbound.check_literal("::ffff:10.1.2.3")
    with pytest.raises(Forbidden):
        outbound.resolve("127.0.0.1", 25)


def test_tests_may_connect_to_loopback_and_to_nothing_else_inside(session: Session) -> None:
    assert outbound.resolve("localhost", 25) == "127.0.0.1"
    with pytest.raises(Forbidden):
        outbound.resolve("10.0.0.1", 25)


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 25)) for a in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_is_looked_up_once_and_all_its_addresses_must_be_outside(production: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "2606:4700::1111", "8.8.8.8", "1.1.1.1")
    assert outbound.resolve("mail.northlight.example", 25) == "1.1.1.1"
    _answers(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(Forbidden, match=r"mail\.northlight\.example \(10\.0\.0\.1\) is in a private network"):
        outbound.resolve("mail.northlight.example", 25)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70 + ".example"])
def test_a_name_that_is_none_is_said(session: Session, host: str) -> None:
    with pytest.raises(Unavailable, match="There is no host named"):
        outbound.resolve(host, 25)
