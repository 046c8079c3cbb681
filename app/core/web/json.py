"""JSON bodies: strict about what JSON is, and about text that PostgreSQL cannot keep."""

import json
import re
from typing import Any, NoReturn

from flask import request

from app.core.errors import Invalid
from app.core.schemas import path_of

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def body() -> Any:
    """Return the request's JSON. Raises Invalid where it is none, or holds text that cannot be stored."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise Invalid({"": "The body must be JSON, sent with Content-Type: application/json."})
    raw = request.get_data(cache=True)
    try:
        found = json.loads(raw, parse_constant=_refuse)
    except RecursionError:
        raise Invalid({"": "This is nested too deeply."}) from None
    except ValueError as problem:
        where = f" (line {problem.lineno}, column {problem.colno})" if isinstance(problem, json.JSONDecodeError) else ""
        raise Invalid({"": f"This is not JSON{where}."}) from None
    if b"\\u0000" in raw or b"\\ud" in raw.lower() or b"\x00" in raw:
        try:
            _check(found, ())
        except RecursionError:
            raise Invalid({"": "This is nested too deeply."}) from None
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _check(value: Any, path: tuple[int | str, ...]) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise Invalid({path_of(path): "This holds a character that cannot be stored."})
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _check(item, (*path, i))
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, path)
            _check(item, (*path, key))
