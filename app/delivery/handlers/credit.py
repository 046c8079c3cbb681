"""What a change of the workspace means for credit."""

from app.delivery.jobs import credit_again
from app.delivery.service.credit import begin_again
from app.events.service import on
from app.jobs import service as jobs
from app.workspaces.events import ConversionWindowChanged


@on(ConversionWindowChanged)
def credit_all(event: ConversionWindowChanged) -> None:
    """Compute all conversions of the workspace anew, from the first customer on."""
    begin_again(event.workspace_id)
    jobs.start(credit_again, workspace_id=event.workspace_id, key=f"credit:{event.workspace_id}")
