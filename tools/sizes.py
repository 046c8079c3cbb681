"""The size limits of the house: small functions, small files, small templates. Prints what is too big and fails."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION, MOST_FUNCTIONS = 50, 25
FILE, MOST_FILES = 400, 250
TEMPLATE = 120
SHARE = 0.9


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git knows and that exist."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], capture_output=True, text=True, check=True)  # noqa: S607
    return [path for path in map(Path, listed.stdout.splitlines()) if path.is_file()]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's place and its number of lines, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return path.read_bytes().count(b"\n")


def too_big(kind: str, sizes: dict[str, int], limit: int, most: int | None = None) -> list[str]:
    """Return a complaint for each size over `limit`, and one if fewer than nine in ten are within `most`."""
    found = [f"{where}: {size} lines, at most {limit} for a {kind}" for where, size in sizes.items() if size > limit]
    if most is not None and sizes:
        within = sum(size <= most for size in sizes.values()) / len(sizes)
        if within < SHARE:
            found.append(f"Only {within:.0%} of all {kind}s have {most} lines or fewer; {SHARE:.0%} must.")
    return found


def main() -> int:
    """Check the tree; return the exit code."""
    code = tracked("*.py")
    complaints = [
        *too_big("function", dict(pair for path in code for pair in functions(path)), FUNCTION, MOST_FUNCTIONS),
        *too_big("file", {str(path): lines(path) for path in code}, FILE, MOST_FILES),
        *too_big("template", {str(path): lines(path) for path in tracked("templates/*.html")}, TEMPLATE),
    ]
    print("\n".join(complaints or [f"{len(code)} Python files within the limits"]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
