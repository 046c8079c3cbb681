import sqlalchemy as sa
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.core.db import session
from tests.factories.auth import signed_in


def test_what_a_role_does_not_allow_leaves_a_trace(client: FlaskClient) -> None:
    browser = signed_in(client, "marketer")
    assert browser.post("/settings/brands/new", {"name": "Mine"}).status_code == 403
    assert browser.call("POST", "/api/v1/invitations", {"email": "x@northlight.example"}).status_code == 403
    mine = sa.select(AuditEntry.action, AuditEntry.reason, AuditEntry.user_id).where(
        AuditEntry.workspace_id == browser.workspace_id, AuditEntry.refused
    )
    assert session().execute(mine.order_by(AuditEntry.id)).all() == [
        ("POST /settings/brands/new", "This needs the permission settings.edit.", browser.user_id),
        ("POST /api/v1/invitations", "This needs the permission members.edit.", browser.user_id),
    ]
