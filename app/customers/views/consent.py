"""Consent recorded by hand, its history, topics."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.customers.queries import consent as queries
from app.customers.queries.customers import get_row
from app.customers.schemas.consent import TopicIn
from app.customers.schemas.forms import ConsentForm
from app.customers.service import consent as service
from app.customers.words import CHANNEL_WORDS

pages = Pages("customer_consent", __name__)


@pages.get("/customers/<int:customer_id>/consent", "customers.view")
def show_consent(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Show how a customer stands to everything they were asked, with the history."""
    initial = {"place": request.args.get("place", "email:0"), "basis": "consent"}
    return _page(caller, customer_id, Form(ConsentForm, None, initial))


@pages.post("/customers/<int:customer_id>/consent", "customers.edit")
def record_consent(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Record what a customer said."""
    get_row(caller.workspace_id, customer_id)
    form = Form(ConsentForm, request.form)
    try:
        service.set_consent(caller.workspace_id, [customer_id], form.parse().given(), caller.actor)
    except Invalid as no:
        # the form has one field for channel and topic
        form.refuse(Invalid({"place" if path == "topic_id" else path: why for path, why in no.errors.items()}))
        return _page(caller, customer_id, form), 422
    flash("Noted, with its source.")
    return redirect(f"/customers/{customer_id}/consent")


def _page(caller: Principal, customer_id: int, form: Form[ConsentForm]) -> str:
    here = caller.workspace_id
    row = get_row(here, customer_id)
    return render_template(
        "customers/consent.html",
        row=row,
        customer=row.customer,
        form=form,
        standings=queries.standings(here, customer_id),
        history=queries.list_log(here, customer_id),
        topics={topic.id: topic.name for topic in queries.list_topics(here)},
        channels=CHANNEL_WORDS,
    )


@pages.form("/customers/topics", "customers.edit")
def list_topics(caller: Principal) -> ResponseReturnValue:
    """Show the topics people may take or leave, and make new ones."""
    form = Form(TopicIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            given = form.parse()
            service.create_topic(caller.workspace_id, given.name, given.description)
        except Invalid as no:
            form.refuse(no)
        else:
            flash("The topic is there. Nobody has been asked about it yet.")
            return redirect("/customers/topics")
    counts = queries.topic_counts(caller.workspace_id)
    page = render_template("customers/topics.html", form=form, topics=queries.list_topics(caller.workspace_id), counts=counts)
    return page, 422 if form.errors else 200
