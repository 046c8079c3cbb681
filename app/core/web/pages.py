"""HTML pages and form posts: a blueprint whose routes say what they ask of the caller."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from flask import redirect as flask_redirect
from flask.typing import ResponseReturnValue

from app.core.db import session
from app.core.errors import Refusal
from app.core.web.guard import Rule, enter, note_refusal

View = Callable[..., ResponseReturnValue]


class Pages(Blueprint):
    """A room's pages. Views take `caller` (None on public routes when nobody is signed in) and the parts of the path."""

    def page(
        self,
        path: str,
        methods: tuple[str, ...],
        permission: str | None = None,
        *,
        public: bool = False,
        signed_in: bool = False,
        reads_cookie: bool = True,
        any_workspace: bool = False,
        accept: str = "form",
    ) -> Callable[[View], View]:
        """Add a route. One of `permission`, `public`, `signed_in` must be said; `accept="file"`: it takes a file (see `uploads`)."""
        if sum([permission is not None, public, signed_in]) != 1:
            msg = f"{path}: say permission, public or signed_in."
            raise TypeError(msg)
        rule = Rule(permission=permission, public=public, reads_cookie=reads_cookie, any_workspace=any_workspace, accept=accept)

        def decorate(view: View) -> View:
            wrapped = guarded(rule, view)
            self.add_url_rule(path, f"{view.__name__}", wrapped, methods=methods)
            return view

        return decorate

    def get(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a page to read."""
        return self.page(path, ("GET",), permission, **says)

    def post(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Add a form's target."""
        return self.page(path, ("POST",), permission, **says)

    def form(self, path: str, permission: str | None = None, **says: Any) -> Callable[[View], View]:
        """Add a form: shown by GET, taken by POST at the same address."""
        return self.page(path, ("GET", "POST"), permission, **says)


def guarded(rule: Rule, view: View) -> View:
    """Wrap a view: check the caller, call it, commit; on a Refusal undo and note it."""

    @wraps(view)
    def run(**parts: Any) -> ResponseReturnValue:
        try:
            answer = view(enter(rule), **parts)
            session().commit()
        except Refusal as refusal:
            note_refusal(refusal)
            raise
        return answer

    run.rule = rule  # type: ignore[attr-defined]
    return run


def is_fragment() -> bool:
    """Tell whether htmx asks: answer with the partial only."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def redirect(url: str) -> ResponseReturnValue:
    """Send the browser on after a post; an htmx call is told to load the page. Line ends that somebody put into the address are dropped."""
    url = "".join(url.splitlines())
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": url})
    return flask_redirect(url, 303)
