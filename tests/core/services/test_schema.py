"""The short way to know whether a database is current says what Alembic says."""

from pathlib import Path

from alembic.script import ScriptDirectory

from app.core.services.launcher import PROJECT
from app.core.services.schema import heads, is_current
from tests.conftest import Places


def test_heads_are_those_that_alembic_finds() -> None:
    assert heads(PROJECT / "migrations" / "versions") == set(ScriptDirectory(str(PROJECT / "migrations")).get_heads())


def test_heads_of_branches_and_merges(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('revision = "a"\ndown_revision = None\n')
    (tmp_path / "b.py").write_text("revision: str = 'b'\ndown_revision: str | None = 'a'\n")
    (tmp_path / "c.py").write_text('revision = "c"\ndown_revision = "a"\n')
    assert heads(tmp_path) == {"b", "c"}
    (tmp_path / "d.py").write_text('revision = "d"\ndown_revision = ("b", "c")\n')
    assert heads(tmp_path) == {"d"}


def test_a_database_is_current_when_migrated_and_not_when_new_or_behind(places: Places, tmp_path: Path) -> None:
    versions = PROJECT / "migrations" / "versions"
    assert is_current(places.template, versions)
    assert not is_current(places.template.rpartition("/")[0] + "/postgres", versions)
    (tmp_path / "later.py").write_text('revision = "later"\ndown_revision = None\n')
    assert not is_current(places.template, tmp_path)
