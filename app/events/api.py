"""Failed work for programs."""

from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.events import service
from app.events.queries import failed
from app.events.schemas import Touched, WorkOut, WorkQuery

api = Api("operations", __name__)


@api.get("/operations/failed", "operations.view", query=WorkQuery, returns=Page[WorkOut], summary="List work that did not go as it should")
def list_failed(caller: Principal, query: WorkQuery) -> Page[WorkOut]:
    """Return what failed for good (or, by `view`, is being tried again, or is late), newest first."""
    rows, following = failed.search(caller.workspace_id, query)
    return Page(items=[WorkOut.model_validate(row) for row in rows], next=following)


@api.post("/operations/runs/<int:run_id>/retry", "operations.edit", returns=Touched, summary="Run failed work again")
def retry_run(caller: Principal, run_id: int) -> Touched:
    """Queue a run anew; one that waits for another try is tried at once."""
    return Touched(count=service.retry(caller.workspace_id, caller.actor, "run", run_id))


@api.post("/operations/deliveries/<int:delivery_id>/retry", "operations.edit", returns=Touched, summary="Deliver an event again")
def retry_delivery(caller: Principal, delivery_id: int) -> Touched:
    """Queue a delivery anew; one that waits for another try is tried at once."""
    return Touched(count=service.retry(caller.workspace_id, caller.actor, "delivery", delivery_id))
