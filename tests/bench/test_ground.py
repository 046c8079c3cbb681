from app.core.db import db
from tests.bench.ground import Ground


def test_both_sides_hold_the_same(crowd: Ground) -> None:
    with crowd.app.app_context():
        pairs = ("customers", "bench.customers"), ("activities", "bench.activities"), ("customer_stats", "bench.customers")
        counts = [[db.session.scalar(db.text(f"select count(*) from {table}")) for table in pair] for pair in pairs]  # noqa: S608
        db.session.remove()
    assert all(ours == theirs > 0 for ours, theirs in counts)
