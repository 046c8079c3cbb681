"""The suppression list."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import Form, nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers.queries import consent as queries
from app.customers.schemas.forms import SuppressForm
from app.customers.schemas.suppressions import CheckQuery, SuppressionQuery, SuppressionsIn
from app.customers.service import suppressions as service

pages = Pages("suppressions", __name__)
REASONS = {
    "bounce": "Bounced",
    "complaint": "Complained",
    "unsubscribe": "Unsubscribed",
    "manual": "Added by hand",
    "compliance": "Compliance",
}


@pages.get("/customers/suppressions", "customers.view")
def list_suppressions(caller: Principal) -> ResponseReturnValue:
    """Show the list; to htmx only its table."""
    query = parse(SuppressionQuery, nested(SuppressionQuery, request.args))
    rows, following = queries.list_suppressions(caller.workspace_id, query)
    says = {"rows": rows, "next": following, "query": query, "reasons": REASONS}
    if is_fragment():
        return render_template("customers/_suppressions.html", **says)
    return render_template("customers/suppressions.html", **says, counts=queries.suppression_counts(caller.workspace_id))


@pages.form("/customers/suppressions/new", "customers.edit")
def add_suppressions(caller: Principal) -> ResponseReturnValue:
    """Put addresses on the list."""
    form = Form(
        SuppressForm, request.form if request.method == "POST" else None, {"reason": "manual", "emails": request.args.get("email", "")}
    )
    if request.method == "POST":
        try:
            given = form.parse()
            lines = [part.strip() for line in given.emails.splitlines() for part in line.split(",") if part.strip()]
            wanted = parse(SuppressionsIn, {"emails": lines, "reason": given.reason, "note": given.note})
            added = service.suppress(caller.workspace_id, [str(email) for email in wanted.emails], wanted.reason, caller.actor, wanted.note)
        except Invalid as no:
            form.refuse(Invalid(_of_lines(no.errors)))
        else:
            flash(f"{added:,} new on the list." if added else "All of them were on the list.")
            return redirect("/customers/suppressions")
    return render_template("customers/suppress.html", form=form, reasons=list(REASONS.items())), 422 if form.errors else 200


@pages.post("/customers/suppressions/remove", "customers.edit")
def remove_suppression(caller: Principal) -> ResponseReturnValue:
    """Take an address off the list."""
    address = parse(CheckQuery, {"email": request.form.get("email", "")}).email or ""
    service.remove(caller.workspace_id, address, caller.actor)
    flash(f"{address} may be written to again, where there is consent.")
    return redirect("/customers/suppressions")


def _of_lines(errors: dict[str, str]) -> dict[str, str]:
    """Say which line does not fit, beside the field that holds them all."""
    lines = [(path, why) for path, why in errors.items() if path.startswith("emails[")]
    if not lines:
        return errors
    path, why = lines[0]
    number = int(path.removeprefix("emails[").partition("]")[0]) + 1
    rest = len(lines) - 1
    more = "" if not rest else " One other does not fit either." if rest == 1 else f" {rest:,} others do not fit either."
    return {"emails": f"Address {number:,}: {why}{more}"}
