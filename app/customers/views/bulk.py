"""Acts on many customers: first what it means and for how many, then the deed, then how far it is."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from app.core.errors import Invalid, NotFound
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers.models import BulkAct
from app.customers.queries import consent as consent_queries
from app.customers.queries import counts as count_queries
from app.customers.queries.bulk import get_act
from app.customers.queries.tags import recent_tags
from app.customers.schemas.customers import Selection
from app.customers.schemas.forms import BulkDeleteForm, BulkStageForm, BulkTagForm, ConsentForm
from app.customers.schemas.lists import from_query, to_query
from app.customers.service import bulk, counts
from app.customers.values import STAGE_WORDS
from app.customers.words import CHANNEL_WORDS

pages = Pages("customer_bulk", __name__)
FORMS: dict[str, type[BaseModel]] = {"tag": BulkTagForm, "stage": BulkStageForm, "consent": ConsentForm, "delete": BulkDeleteForm}
_OF_SELECTION = ("ids", "everyone", "query", "go")


@pages.post("/customers/bulk/<kind>", "customers.edit")
def act_on_many(caller: Principal, kind: str) -> ResponseReturnValue:
    """Ask what exactly is to be done to the selected; with `go`, do it."""
    if kind not in FORMS or kind == "delete":
        raise NotFound
    return _act(caller, kind)


@pages.post("/customers/bulk/delete", "customers.delete")
def delete_many(caller: Principal) -> ResponseReturnValue:
    """Say what goes with the selected; with `go`, delete them."""
    return _act(caller, "delete")


def _act(caller: Principal, kind: str) -> ResponseReturnValue:
    whom = selection()
    if not whom.ids and not whom.everyone:
        flash("Nobody is selected.", tone="warn")
        return redirect("/customers")
    form: Form[Any] = Form(FORMS[kind], _posted() if "go" in request.form else None, {"place": "email:0", "keep_suppressed": True})
    if "go" in request.form:
        try:
            done = bulk.act_on(caller.workspace_id, kind, _values(form.parse()), whom, caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            return _told(kind, done, whom)
    return _ask(caller, kind, whom, form), 422 if form.errors else 200


def selection() -> Selection:
    """Return whom the post is about."""
    posted = {"ids": request.form.getlist("ids"), "everyone": request.form.get("everyone") == "1", "query": request.form.get("query", "")}
    return parse(Selection, posted)


def _posted() -> Any:
    kept = request.form.copy()
    for name in _OF_SELECTION:
        kept.poplist(name)
    return kept


def _values(given: BaseModel) -> dict[str, Any]:
    if isinstance(given, ConsentForm):
        return given.given().model_dump(mode="json")
    values = given.model_dump(mode="json")
    if isinstance(given, BulkTagForm) and not given.add and not given.remove:
        raise Invalid({"add": "Name a tag to put on or to take off."})
    return values


def _told(kind: str, done: BulkAct | int, whom: Selection) -> ResponseReturnValue:
    if isinstance(done, BulkAct):
        return redirect(f"/customers/acts/{done.id}")
    people = "1 customer" if done == 1 else f"{done:,} customers"
    others = len(whom.ids) - done
    rest = f" {others:,} needed no change." if others > 0 and kind != "delete" else ""
    flash(f"{people} {bulk.DID[kind]}.{rest}")
    return redirect(f"/customers?{whom.query}" if whom.query else "/customers")


def _ask(caller: Principal, kind: str, whom: Selection, form: Form[Any]) -> str:
    here = caller.workspace_id
    query = to_query(from_query(whom.query))  # as views write it: a mere number would be taken for the id of one
    name = count_queries.VIEW + query if query else count_queries.EVERYONE
    statement = count_queries.of_query(here, query) if query else count_queries.everyone(here)
    count = counts.read(here, {name: statement}, budget=2.0)[name].value if whom.everyone else len(whom.ids)
    return render_template(
        f"customers/bulk_{kind}.html",
        form=form,
        whom=whom,
        count=count,
        stages=list(STAGE_WORDS.items()),
        tags=recent_tags(here),
        channels=CHANNEL_WORDS,
        topic_pairs=[(topic.id, topic.name) for topic in consent_queries.list_topics(here)],
    )


@pages.get("/customers/acts/<int:act_id>", "customers.view")
def show_act(caller: Principal, act_id: int) -> ResponseReturnValue:
    """Show how far an act is."""
    act = get_act(caller.workspace_id, act_id)
    template = "customers/_act.html" if is_fragment() else "customers/act.html"
    return render_template(template, act=act, did=bulk.DID[act.kind])


@pages.post("/customers/acts/<int:act_id>/stop", "customers.edit")
def stop_act(caller: Principal, act_id: int) -> ResponseReturnValue:
    """End an act where it is."""
    act = get_act(caller.workspace_id, act_id)
    bulk.stop(caller.workspace_id, act.id, caller.actor)
    return redirect(f"/customers/acts/{act_id}")
