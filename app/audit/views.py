"""The search over the audit log."""

from operator import itemgetter

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from app.audit import diff, queries, service
from app.audit.schemas import AuditQuery
from app.audit.words import teller
from app.core import registry
from app.core.errors import Invalid
from app.core.registry import SettingsPart
from app.core.web.form import Form
from app.core.web.pages import Pages, is_fragment
from app.core.web.principal import Principal

pages = Pages("audit", __name__)


def init_app(_app: Flask) -> None:
    """Put the log on the page of settings, and let the edge write refused acts into it, and the rooms below theirs."""
    registry.add(registry.refused, service.record_refused)
    registry.add(registry.acts, service.record)
    part = SettingsPart("Audit log", "Who changed what, and what was refused", "/settings/audit", "history", "audit.view", 60)
    registry.add(registry.settings, part)


@pages.get("/settings/audit", "audit.view")
def search(caller: Principal) -> ResponseReturnValue:
    """Show what was done, newest first; narrowed by who, what, on what, and when."""
    form = Form(AuditQuery, request.args)
    try:
        query = form.parse()
    except Invalid as no:
        form.refuse(no)
        query = AuditQuery()
    zone = caller.workspace.zone if caller.workspace else "UTC"
    entries, following = queries.search(caller.workspace_id, query, zone)
    parts = {
        "form": form,
        "query": query,
        "entries": entries,
        "next": following,
        "changes": teller(caller.workspace_id, entries),
        "act": diff.act,
        "kind": diff.kind,
    }
    if is_fragment():
        return render_template("audit/_list.html", **parts)
    parts |= {
        "people": queries.people(caller.workspace_id),
        "actions": sorted(((name, diff.act(name)) for name in queries.actions(caller.workspace_id)), key=itemgetter(1)),
        "kinds": [(name, diff.capitalised(diff.kind(name))) for name in queries.kinds(caller.workspace_id)],
    }
    return render_template("audit/search.html", **parts), 422 if form.errors else 200
