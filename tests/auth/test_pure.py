"""Parts without a database: roles, codes, origins, browsers, waits."""

import itertools
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth import browsers, permissions, totp
from app.auth.origin import is_loopback
from app.auth.service.throttle import wait_after
from app.core.address import network

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class TestRoles:
    def test_each_role_is_made_of_permissions_that_exist(self) -> None:
        assert set().union(*permissions.ROLES.values()) | {permissions.SEND} == set(permissions.PERMISSIONS)

    def test_the_roles_stand_one_above_the_other(self) -> None:
        order = [permissions.ROLES[role] for role in ("owner", "admin", "marketer", "analyst", "client")]
        assert all(lower < upper for upper, lower in itertools.pairwise(order))

    def test_no_role_sends_by_itself(self) -> None:
        assert all(permissions.SEND not in held for held in permissions.ROLES.values())

    @pytest.mark.parametrize(
        ("role", "sends"), [("owner", True), ("admin", True), ("marketer", True), ("analyst", False), ("client", False)]
    )
    def test_sending_is_given_apart(self, role: permissions.Role, sends: bool) -> None:
        assert (permissions.SEND in permissions.of(role, may_send=True)) is sends
        assert permissions.SEND not in permissions.of(role, may_send=False)

    def test_a_client_sees_no_customer_and_changes_nothing(self) -> None:
        assert permissions.of("client", may_send=False) == {"segments.view", "campaigns.view", "analytics.view"}


class TestCodes:
    def test_a_code_of_the_step_before_and_after_counts(self) -> None:
        step = int(START.timestamp()) // 30
        for drift in (-1, 0, 1):
            code = pyotp.TOTP(SECRET).at(START + timedelta(seconds=30 * drift))
            assert totp.accepted_step(SECRET, code, START, 0) == step + drift
        assert totp.accepted_step(SECRET, pyotp.TOTP(SECRET).at(START + timedelta(seconds=60)), START, 0) is None

    def test_a_step_is_used_once_and_never_an_earlier_one(self) -> None:
        code, step = pyotp.TOTP(SECRET).at(START), int(START.timestamp()) // 30
        assert totp.accepted_step(SECRET, code, START, step - 1) == step
        assert totp.accepted_step(SECRET, code, START, step) is None
        assert totp.accepted_step(SECRET, code, START, step + 1) is None

    @given(st.text(max_size=30))
    def test_nonsense_is_no_code(self, typed: str) -> None:
        found = totp.accepted_step(SECRET, typed, START, 2**40)
        assert found is None

    def test_the_picture_has_no_style(self) -> None:
        svg = totp.picture(totp.new_secret(), "ada@northlight.example")
        assert svg.startswith("<svg")
        assert "style=" not in svg

    def test_recovery_codes_come_back_however_typed(self) -> None:
        codes = totp.new_recovery_codes()
        assert len(set(codes)) == 10
        for code in codes:
            assert totp.plain_recovery_code(f" {code.upper().replace('-', ' ')}\n") == code
        assert totp.plain_recovery_code("k7m2p-x9qrt") is None


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("127.8.9.1", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("localhost.evil.example", False),
        ("evil.example", False),
        ("192.168.1.7:8000", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("[::1", False),
        ("", False),
        ("0.0.0.0", False),
    ],
)
def test_loopback_by_host(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it


@pytest.mark.parametrize(
    ("address", "unit"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::ffff", "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_address_counts_by_its_network(address: str | None, unit: str) -> None:
    assert network(address) == unit


def test_waits_double_up_to_a_limit() -> None:
    assert [wait_after(n, 5, 900) for n in (0, 4, 5, 6, 10, 15, 1000)] == [0, 0, 1, 2, 32, 900, 900]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/19 Safari/604",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
        (None, "Unknown browser"),
    ],
)
def test_browsers_have_names(said: str | None, name: str) -> None:
    assert browsers.name(said) == name
