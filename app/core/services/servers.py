"""PostgreSQL and Valkey together: kept in a folder, or thrown away after use."""

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.core.services import account, binaries
from app.core.services.account import Account
from app.core.services.errors import ServiceError
from app.core.services.postgres import Postgres
from app.core.services.valkey import Valkey


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


@contextmanager
def throw_away(environ: Mapping[str, str], *, durable: bool = False) -> Iterator[tuple[Postgres, Valkey]]:
    """Run both servers, started, in a temporary folder that is removed in the end. `durable`: commits survive a power cut, too."""
    home = Path(tempfile.mkdtemp(prefix="fairlead-"))
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
