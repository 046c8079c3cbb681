"""JSON endpoints under /api/v1: a blueprint whose routes declare caller, body, query and answer; OpenAPI is read off them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, TypeAdapter

from app.core.db import session
from app.core.errors import Refusal
from app.core.schemas import parse
from app.core.web import idempotency, json
from app.core.web.form import nested
from app.core.web.guard import Rule, enter, note_refusal
from app.core.web.principal import Principal

View = Callable[..., Any]


class Api(Blueprint):
    """A room's endpoints. Views take `caller`, the parts of the path, and `body` and `query` where declared; they return a model."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(f"{name}_api", import_name, url_prefix="/api/v1")
        self.tag = name

    def declare(  # noqa: PLR0913 (each says one thing about the route)
        self,
        method: str,
        path: str,
        permission: str | None = None,
        *,
        summary: str,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        returns: Any = None,
        status: int | None = None,
        public: bool = False,
        signed_in: bool = False,
        any_workspace: bool = False,
        accept: str = "json",
        secret: bool = False,
    ) -> Callable[[View], View]:
        """Add an endpoint. `returns` is a model or None (204); `accept="file"`: the body is multipart; `secret`: the answer is shown once."""
        if sum([permission is not None, public, signed_in]) != 1:
            msg = f"{path}: say permission, public or signed_in."
            raise TypeError(msg)
        rule = Rule(
            permission=permission,
            public=public,
            reads_cookie=not public,
            any_workspace=any_workspace,
            body=body,
            query=query,
            returns=returns,
            status=status or (200 if returns is not None else 204),
            summary=summary,
            accept=accept,
            tag=self.tag,
            api=True,
            secret=secret,
        )

        def decorate(view: View) -> View:
            self.add_url_rule(path, view.__name__, _guarded(rule, view), methods=[method])
            return view

        return decorate

    def get(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a read."""
        return self.declare("GET", path, permission, **says)

    def post(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a create or an act; `Idempotency-Key` is honoured."""
        return self.declare("POST", path, permission, **says)

    def patch(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a change of the fields given."""
        return self.declare("PATCH", path, permission, **says)

    def put(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a replacement."""
        return self.declare("PUT", path, permission, **says)

    def delete(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a removal."""
        return self.declare("DELETE", path, permission, **says)


def _guarded(rule: Rule, view: View) -> Callable[..., ResponseReturnValue]:
    @wraps(view)
    def run(**parts: Any) -> ResponseReturnValue:
        try:
            caller = enter(rule)
            answer = idempotency.once(caller, lambda: _answer(rule, view, caller, parts), keep=not rule.secret)
            session().commit()
        except Refusal as refusal:
            note_refusal(refusal)
            raise
        return answer

    run.rule = rule  # type: ignore[attr-defined]
    return run


def _answer(rule: Rule, view: View, caller: Principal | None, parts: dict[str, Any]) -> Response:
    given: dict[str, Any] = {}
    if rule.query is not None:
        given["query"] = parse(rule.query, nested(rule.query, request.args))
    if rule.body is not None:
        given["body"] = parse(rule.body, json.body())
    result = view(caller, **parts, **given)
    if isinstance(result, Response):
        return result
    if rule.returns is None:
        return Response(status=rule.status)
    text = TypeAdapter(rule.returns).dump_json(TypeAdapter(rule.returns).validate_python(result, from_attributes=True), by_alias=True)
    return Response(text, status=rule.status, mimetype="application/json")


def problem(status: int, title: str, detail: str = "", errors: dict[str, str] | None = None) -> Response:
    """Return an RFC 9457 problem, with `errors` by field where there are any."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    answer = jsonify(body)
    answer.status_code, answer.mimetype = status, "application/problem+json"
    return answer
