"""The system user that runs the servers: oneself, or, for root, one without rights (PostgreSQL refuses to run as root)."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.services.errors import ServiceError

_NOBODY = "nobody"
_ENOUGH = '[ -r "$1" ] && [ -x "$1" ]'


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the servers. `switch` is false where that is oneself."""

    uid: int
    gid: int
    switch: bool

    def options(self) -> dict[str, Any]:
        """Return the arguments of subprocess.Popen that start a process under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give a file or folder (not what is inside) to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_use(self, path: Path) -> bool:
        """Tell whether this account may read and enter (or execute) `path`."""
        done = subprocess.run(["/bin/sh", "-c", _ENOUGH, "sh", str(path)], check=False, cwd="/", **self.options())
        return done.returncode == 0


def choose(data: Path) -> Account:
    """Return the account for the servers whose data lies in `data` (which need not exist yet).

    Root gives way to the owner of existing data, else to `nobody`. Raises ServiceError if the data belongs to somebody else.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() == 0:
        return _for_root(owner)
    if owner is not None and owner != os.geteuid():
        reason = f"{data} belongs to the system user {_name(owner)}. Run as that user or as root, or remove the folder with all its data."
        raise ServiceError(reason)
    return Account(os.geteuid(), os.getegid(), switch=False)


def _for_root(owner: int | None) -> Account:
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(_NOBODY)
    except KeyError:
        if not owner:
            reason = "PostgreSQL does not run as root, and this machine has no user nobody. Run as an ordinary user, or set DATABASE_URL."
            raise ServiceError(reason) from None
        return Account(owner, owner, switch=True)
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
