"""The ground on which product and baseline are measured: one server with the machine's memory, the same people on both sides.

The baselines are run unmodified, as programs of their own. The product's tables are filled from theirs by SQL: same ids, same
order, every index and every computed column that the product keeps.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.core.db import db
from app.core.services import account
from app.core.services.postgres import Postgres
from app.core.services.valkey import Valkey
from app.workspaces.models import Workspace
from config import Config
from tests.conftest import ONE_KEY

BASELINES = Path(__file__).resolve().parents[3] / "shared" / "bench"
CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "1000000"))
ACTIVITIES = 10 * CUSTOMERS
_LINE = re.compile(r"^(?P<name>.+?)\s+(?P<value>[\d,.]+) (?P<unit>\S+)$")

_FILL = (
    "alter table customers disable trigger user",
    "alter table consents disable trigger user",
    """insert into customers
    (id, workspace_id, external_id, phone, email, first_name, last_name, country, city, tags, attributes, origin, created_at, updated_at)
    select id, :w, 'B' || id, '+1' || 2000000000 + id * 7919 % 7999999999,
    email, first_name, last_name, country, city, tags, attributes, 'import', created_at, created_at
    from bench.customers order by id""",
    """insert into customer_stats (workspace_id, customer_id, lifetime_value, orders_count, last_activity_at)
    select :w, c.id, c.lifetime_value, coalesce(a.bought, 0), a.seen from bench.customers c left join
    (select customer_id, count(*) filter (where kind = 4) bought, max(occurred_at) seen from bench.activities group by 1) a
    on a.customer_id = c.id""",
    """insert into consents (workspace_id, customer_id, channel, topic_id, state, basis, source, occurred_at)
    select :w, id, 'email', 0, case when id % 10 < 8 then 'subscribed' else 'unsubscribed' end, 'consent', 'bench',
    created_at
    from bench.customers where id % 20 <> 19""",
    """insert into activities (workspace_id, occurred_at, event_id, customer_id, kind, source_id, data)
    select :w, occurred_at, gen_random_uuid(), customer_id, kind, source_id, data from bench.activities""",
    """insert into orders (workspace_id, customer_id, external_id, amount, currency, rate, value, ordered_at)
    select :w, customer_id, 'B' || row_number() over (), (data ->> 'amount')::int, 'USD', 1, (data ->> 'amount')::int, occurred_at
    from bench.activities where kind = 4""",
    """insert into customer_fields (workspace_id, key, label, type) values (:w, 'plan', 'Plan', 'text'), (:w, 'points', 'Points', 'number'),
    (:w, 'source', 'Source', 'text'), (:w, 'loyalty_id', 'Loyalty id', 'text'), (:w, 'newsletter', 'Newsletter', 'boolean')""",
    """insert into customer_days (workspace_id, day, n) select :w, timezone('UTC', created_at)::date, count(*)
    from customers group by 2""",
    "select setval(pg_get_serial_sequence('customers', 'id'), (select max(id) from customers))",
    "alter table customers enable trigger user",
    "alter table consents enable trigger user",
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A running product on a server with the machine's memory; `dsn` is also where the baselines work."""

    app: Flask
    dsn: str
    workspace_id: int
    settings: dict[str, str]

    def baseline(self, *arguments: str) -> dict[str, float]:
        """Run baseline.py unmodified; return its figures by name (milliseconds, or rows a second)."""
        environment = os.environ | {"BENCH_DSN": self.dsn}
        done = subprocess.run(
            [sys.executable, BASELINES / "baseline.py", *arguments], env=environment, check=True, capture_output=True, text=True
        )
        found = (_LINE.match(line) for line in done.stdout.splitlines())
        return {match["name"]: float(match["value"].replace(",", "")) for match in found if match}


@contextmanager
def ground() -> Iterator[Ground]:
    """Start the servers, migrate, make a workspace."""
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        who = account.choose(home / "postgres")
        who.own(home)
        postgres, valkey = Postgres(home, who, "bench", os.environ), Valkey(home, who, "bench")
        try:
            dsn = postgres.start()
            settings = _environment(dsn, valkey.start())
            app = create_app(Config.from_env(settings))
            with app.app_context():
                upgrade()
                workspace = Workspace(name="Bench", slug="bench")
                db.session.add(workspace)
                db.session.commit()
                workspace_id = workspace.id
                db.session.remove()
            yield Ground(app, dsn, workspace_id, settings)
        finally:
            valkey.stop()
            postgres.stop()


def _environment(dsn: str, redis: str) -> dict[str, str]:
    return {
        "DATABASE_URL": dsn,
        "REDIS_URL": redis,
        "PUBLIC_URL": "http://localhost",
        "SECRET_KEYS": "s" * 32,
        "LINK_KEYS": "k1:" + "l" * 32,
        "CREDENTIAL_KEYS": ONE_KEY,
        "TESTING": "1",
    }


def fill(on: Ground) -> None:
    """Build the baseline's data, and the product's from it, vacuumed and analysed on both sides."""
    on.baseline("data", str(CUSTOMERS), str(ACTIVITIES))
    with on.app.app_context():
        with db.engine.begin() as connection:
            for statement in _FILL:
                connection.execute(sa.text(statement), {"w": on.workspace_id} if ":w" in statement else {})
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("vacuum analyze"))
        db.session.remove()


def median_ms(run: Callable[[], object], repeat: int = 3) -> float:
    """Return the median milliseconds of `repeat` calls after one to warm up, as the baselines take theirs."""
    taken = []
    for turn in range(repeat + 1):
        start = time.perf_counter()
        run()
        if turn:
            taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def say(name: str, ours: float, theirs: float, unit: str = "ms") -> float:
    """Print a line of the report and return the ratio ours ÷ theirs."""
    ratio = ours / theirs
    print(f"{name:62} {ours:12,.1f} {theirs:12,.1f} {unit:8} {ratio:6.2f}")
    return ratio
