"""Starts the launcher (`run`, or `exec` and a command) without the application.

`app` is entered as a bare package: importing its factory takes two seconds, and the launcher needs nothing of it.
"""

import runpy
import sys
import types
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
bare = types.ModuleType("app")
bare.__path__ = [str(root / "app")]
sys.modules["app"] = bare

if __name__ == "__main__":
    runpy.run_module("app.core.services", run_name="__main__")
