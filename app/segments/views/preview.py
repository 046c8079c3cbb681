"""Fragments that the builder asks for about a tree that may not be saved yet."""

from typing import Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import NotFound
from app.core.schemas import parse
from app.core.web import json
from app.core.web.pages import Pages
from app.core.web.principal import Principal
from app.segments import nodes
from app.segments.evaluate import Verdict
from app.segments.queries import people, segments
from app.segments.queries.values import seen
from app.segments.queries.words import vocabulary
from app.segments.schemas import AskIn
from app.segments.service import previews
from app.segments.words import rule, say, written

pages = Pages("segment_previews", __name__)


@pages.post("/segments/preview/answer", permission="segments.edit")
def answer(caller: Principal) -> ResponseReturnValue:
    """Return the tree in words, some who fit, how many may be written to, and the difference to what is saved."""
    given = parse(AskIn, json.body())
    tried = previews.read(caller.workspace_id, given.criteria)
    saved = segments.get_segment(caller.workspace_id, given.segment) if given.segment else None
    return render_template(
        "segments/_answer.html",
        blocks=say(tried.node, tried.words),
        sample=previews.sample(caller.workspace_id, tried, 10, given.seed),
        mailable=previews.mailable(tried),
        moved=previews.since_saved(tried, saved) if saved and saved.filled_at else None,
    )


@pages.post("/segments/preview/why", permission="segments.edit")
def why(caller: Principal) -> ResponseReturnValue:
    """Return why a customer, found by name or by id, is in or out."""
    given = parse(AskIn, json.body())
    found = people.look_up(caller.workspace_id, given.words) if given.words else []
    wanted = given.customer or (found[0].id if found else None)
    if wanted is None:
        return render_template("segments/_why.html", nobody=given.words)
    tried = previews.read(caller.workspace_id, given.criteria)
    row, verdict = previews.why(caller.workspace_id, tried, wanted)
    reasons = list(_reasons(verdict, tried))
    others = [other for other in found if other.id != wanted]
    return render_template("segments/_why.html", customer=row, verdict=verdict, reasons=reasons, others=others)


@pages.get("/segments/values", permission="segments.edit")
def values(caller: Principal) -> ResponseReturnValue:
    """Return values to suggest for a field."""
    info = vocabulary(caller.workspace_id).fields.get(request.args.get("field", ""))
    if info is None or info.type not in ("text", "list") or info.source == "consent":
        raise NotFound("field")
    return jsonify(seen(caller.workspace_id, info))


def _reasons(verdict: Verdict, tried: previews.Tried, depth: int = 0) -> Any:
    """Yield each part as a line: does it fit, what it says, what was found, how deep."""
    node = verdict.node
    if isinstance(node, nodes.All | nodes.Any | nodes.Not):
        if depth:
            yield {"fits": verdict.fits, "text": _group(node), "found": "", "depth": depth, "node": node}
        for part in verdict.parts:
            yield from _reasons(part, tried, depth + 1)
        return
    yield {"fits": verdict.fits, "text": rule(node, tried.words), "found": _found(verdict, tried), "depth": depth or 1, "node": node}


def _group(node: nodes.Node) -> str:
    if isinstance(node, nodes.Not):
        return "Does not fit what follows"
    return "All of what follows" if isinstance(node, nodes.All) else "Any of what follows"


def _found(verdict: Verdict, tried: previews.Tried) -> str:
    node, found = verdict.node, verdict.found
    if isinstance(node, nodes.ActivityTest):
        return "not once" if not found else "once" if found == 1 else f"{found:,} times"
    if isinstance(node, nodes.MemberTest):
        return ""
    return written(node.field, found, tried.words) if isinstance(node, nodes.FieldTest) else ""
