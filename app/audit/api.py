"""The audit log for programs."""

from app.audit import queries
from app.audit.schemas import AuditOut, AuditQuery
from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal

api = Api("audit", __name__)


@api.get("/audit", "audit.view", query=AuditQuery, returns=Page[AuditOut], summary="Search the audit log")
def search(caller: Principal, query: AuditQuery) -> Page[AuditOut]:
    """Return entries, newest first. Days are days in the workspace's zone."""
    zone = caller.workspace.zone if caller.workspace else "UTC"
    entries, following = queries.search(caller.workspace_id, query, zone)
    return Page(items=[AuditOut.model_validate(entry) for entry in entries], next=following)
