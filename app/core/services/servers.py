"""PostgreSQL and Valkey together: kept in a folder, or thrown away after use."""

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from app.core.services import account, binaries
from app.core.services.account import Account
from app.core.services.errors import ServiceError
from app.core.services.postgres import Postgres
from app.core.services.valkey import Valkey

_MEMORY = Path("/dev/shm")  # noqa: S108 (mkdtemp makes what is written there)
"""A folder that lies in memory, on Linux."""
_MUCH = 6 * 1024**3
"""Bytes that must be free for data to lie there."""
_FORGOTTEN = 6 * 3600
"""Seconds after which a folder there belongs to somebody who was killed."""


def kept_home(folder: Path) -> tuple[Path, Account]:
    """Return where the servers of `folder` (`.fairlead`) keep their data, and who runs them; both are made ready.

    Root's servers run as another user. Where that user cannot reach `folder`, the data lies under /var/lib/fairlead and a link leads there.
    """
    link = folder / "servers"
    who = account.choose(link.resolve() / "postgres")
    if not link.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        if who.can_use(folder):
            link.mkdir()
        else:
            away = binaries.SHARED / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
            away.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(away)
    home = link.resolve()
    return _opened(home, who), who


def _opened(home: Path, who: Account) -> Path:
    """Let the account enter the folder. Raises ServiceError where a folder above is closed to it."""
    home.chmod(0o755)
    for folder in (binaries.SHARED,) if binaries.SHARED in home.parents else ():
        folder.chmod(0o755)
    if not who.can_use(home):
        reason = f"The system user that runs PostgreSQL (number {who.uid}) cannot enter {home}: open its folders for others (chmod o+x)."
        raise ServiceError(reason)
    return home


def _in_memory() -> Path | None:
    """Return the folder in memory where there is much of it, None elsewhere: a disk takes long over the thousand files of a new database."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    for left in _MEMORY.glob("fairlead-*"):
        if left.stat().st_mtime < time.time() - _FORGOTTEN:
            shutil.rmtree(left, ignore_errors=True)
    return _MEMORY if min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) > _MUCH else None


@contextmanager
def throw_away(environ: Mapping[str, str], *, durable: bool = False) -> Iterator[tuple[Postgres, Valkey]]:
    """Run both servers, started, in a temporary folder that is removed in the end. `durable`: commits survive a power cut, too."""
    home = Path(tempfile.mkdtemp(prefix="fairlead-", dir=None if durable else _in_memory()))
    who = account.choose(home / "postgres")
    try:
        _opened(home, who)
        postgres = Postgres(home, who, secrets.token_hex(16), environ, durable=durable, kept=False)
        valkey = Valkey(home, who, secrets.token_hex(16), kept=False)
        try:
            postgres.start()
            valkey.start()
            yield postgres, valkey
        finally:
            valkey.stop()
            postgres.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
