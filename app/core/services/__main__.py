"""The command behind the Makefile: `run`, or `exec` and a command. `tools/launch.py` starts it fastest."""

import os
import sys
from pathlib import Path

from app.core.services.launcher import PROJECT, execute, run

_USAGE = "usage: tools/launch.py run | exec COMMAND [ARGUMENT …]"


def main(argv: list[str]) -> int:
    """Do what the arguments say; return the exit code. `FAIRLEAD_FOLDER` names another place than `.fairlead` for data and secrets."""
    folder = Path(os.environ.get("FAIRLEAD_FOLDER") or PROJECT / ".fairlead").absolute()
    if argv == ["run"]:
        return run(folder, os.environ)
    if argv[:1] == ["exec"] and argv[1:]:
        return execute(folder, os.environ, argv[1:])
    print(_USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
