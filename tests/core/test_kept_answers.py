from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.kept_answers import IdempotencyKey, purge
from app.core.time import now
from tests.factories.workspaces import workspace


def test_keys_are_forgotten_after_a_day(session: Any) -> None:
    here = workspace().id
    for key, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        session.add(IdempotencyKey(workspace_id=here, key=key, call="x", created_at=now() - age))
    session.flush()
    purge(now())
    assert session.scalars(sa.select(IdempotencyKey.key).where(IdempotencyKey.workspace_id == here)).all() == ["young"]
