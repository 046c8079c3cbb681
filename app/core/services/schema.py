"""Whether a database has the newest schema, asked without importing Alembic and the application, which takes two seconds."""

import re
from contextlib import closing
from pathlib import Path

import psycopg2

from app.core.services.errors import ServiceError

_REVISION = re.compile(r"^revision(?:: \w+)? = [\"'](\w+)[\"']", re.MULTILINE)
_BEFORE = re.compile(r"^down_revision\b[^=]*= (.+)$", re.MULTILINE)
_NAME = re.compile(r"[\"'](\w+)[\"']")


def heads(versions: Path) -> set[str]:
    """Return the revisions in this folder of migrations that no other one builds on."""
    made, built_on = set(), set()
    for path in versions.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        made |= set(_REVISION.findall(text))
        built_on |= {name for line in _BEFORE.findall(text) for name in _NAME.findall(line)}
    return made - built_on


def is_current(url: str, versions: Path) -> bool:
    """Tell whether the database at `url` has the newest schema. Raises ServiceError if it does not answer."""
    try:
        connection = psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=10)
    except psycopg2.Error as problem:
        reason = f"The database of DATABASE_URL does not answer: {problem}"
        raise ServiceError(reason) from None
    with closing(connection), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT version_num FROM alembic_version")
        except psycopg2.errors.UndefinedTable:
            return False
        return {row[0] for row in cursor.fetchall()} == heads(versions)
