"""Events from outside, kinds of activity, timelines."""

from app.core.errors import Invalid
from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.customers.models.activities import FIRST_OWN
from app.customers.queries import activities as queries
from app.customers.queries.customers import get_row
from app.customers.queries.timeline import timeline
from app.customers.schemas.activities import EventIn, EventsIn, KindOut, KindsOut, MomentOut, TimelineQuery
from app.customers.schemas.orders import Misfit, RecordedOut
from app.customers.service.ingest import record_events as record
from app.customers.words import say

api = Api("activities", __name__)


@api.post("/events", permission="customers.edit", body=EventsIn, returns=RecordedOut, summary="Record what customers did")
def record_events(caller: Principal, body: EventsIn) -> RecordedOut:
    """Record one event or a batch; those that do not fit are named in `errors` by their path, the others are taken."""
    errors: dict[str, str] = {}
    fit: list[tuple[int, EventIn]] = []
    given: list[object] = list(body.events)
    for index, event in enumerate(given):
        if isinstance(event, Misfit):
            errors |= _by_path(index, event.errors, alone=len(given) == 1)
        elif isinstance(event, EventIn):
            fit.append((index, event))
    taken = record(caller.workspace_id, fit, caller.actor, create_missing=body.create_missing)
    for index, why in taken.errors.items():
        errors |= _by_path(index, why, alone=len(given) == 1)
    if not taken.recorded and not taken.repeated:
        raise Invalid(errors)
    refused = len(given) - taken.recorded - taken.repeated
    return RecordedOut(recorded=taken.recorded, repeated=taken.repeated, refused=refused, errors=errors)


@api.get("/activities/kinds", permission="customers.view", returns=KindsOut, summary="List kinds of activity")
def list_kinds(caller: Principal) -> KindsOut:
    """Return the product's kinds and the workspace's own."""
    kinds = queries.kind_ids(caller.workspace_id)
    return KindsOut(items=[KindOut(name=name, label=queries.kind_label(name), own=ident >= FIRST_OWN) for name, ident in kinds.items()])


@api.get(
    "/customers/<int:customer_id>/timeline",
    permission="customers.view",
    query=TimelineQuery,
    returns=Page[MomentOut],
    summary="Get a customer's timeline",
)
def get_timeline(caller: Principal, customer_id: int, query: TimelineQuery) -> Page[MomentOut]:
    """Return activities, orders, consent and edits of a customer, newest first."""
    get_row(caller.workspace_id, customer_id)
    moments, following = timeline(caller.workspace_id, customer_id, query)
    items = []
    for moment in moments:
        words = say(moment)
        source = moment.source.name if hasattr(moment.source, "name") else moment.source
        items.append(
            MomentOut(at=moment.at, what=moment.what, name=moment.name, title=words.title, note=words.note, source=source, data=words.data)
        )
    return Page(items=items, next=following)


def _by_path(index: int, errors: dict[str, str], *, alone: bool) -> dict[str, str]:
    """Return errors by their path in the call; of a single event without `events[0]`."""
    prefix = "" if alone else f"events[{index}]"
    return {f"{prefix}.{path}".strip("."): why for path, why in errors.items()}
