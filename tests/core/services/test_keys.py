"""Secrets are drawn once and kept to their owner."""

from pathlib import Path

from app.core.services import keys
from config import Config


def test_drawn_once_and_good_enough_for_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = keys.kept(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.kept(path) == first
    given = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h", "PUBLIC_URL": "http://localhost"}
    Config.from_env(given | {name: value for name, value in first.items() if name.endswith("_KEYS")})


def test_two_folders_share_no_secret(tmp_path: Path) -> None:
    one, other = keys.kept(tmp_path / "one.env"), keys.kept(tmp_path / "other.env")
    assert not set(one.values()) & set(other.values())


def test_what_a_newer_version_needs_is_added_and_the_rest_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("# mine\nSECRET_KEYS=kept\nOTHER=also kept\n")
    found = keys.kept(path)
    assert (found["SECRET_KEYS"], found["OTHER"]) == ("kept", "also kept")
    assert found["LINK_KEYS"].startswith("k1:")
    assert keys.kept(path) == found
