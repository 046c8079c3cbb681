import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Customer


def contexts(workspace_id, ids, uses):
    rows = session().execute(sa.select(Customer.id, Customer.first_name).where(Customer.workspace_id == workspace_id, Customer.id.in_(ids)))
    return {r.id: {"customer": {"id": r.id, "first_name": r.first_name}} for r in rows}
