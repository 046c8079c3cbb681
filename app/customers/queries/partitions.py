"""The monthly partitions of activities. SQL as text, because SQLAlchemy has no words for partitions; names are made from dates only."""

from datetime import date, timedelta

import sqlalchemy as sa

from app.core.db import session

DEFAULT = "activities_default"


def following(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def partition_of(month: date) -> str:
    """Return the name of a month's partition."""
    return f"activities_{month:%Y_%m}"


def exists(month: date) -> bool:
    """Tell whether the month has a partition."""
    return session().scalar(sa.text("select to_regclass(:name) is not null").bindparams(name=partition_of(month))) is True


def crowded_month(least: int) -> date | None:
    """Return a month of which the default partition holds at least so many rows, the fullest first."""
    query = sa.text(
        f"select date_trunc('month', occurred_at at time zone 'UTC')::date from {DEFAULT}"  # noqa: S608 (a constant)
        " group by 1 having count(*) >= :least order by count(*) desc limit 1"
    )
    found: date | None = session().scalar(query.bindparams(least=least))
    return found


def make(month: date) -> int:
    """Give a month its partition and move what the default partition holds of it; return how many rows moved.

    Made beside the table and attached, which lets others go on writing to other months; only the default partition is held meanwhile.
    """
    run = session()
    name, begin, end = partition_of(month), f"{month:%Y-%m}-01 00:00:00+00", f"{following(month):%Y-%m}-01 00:00:00+00"
    run.execute(sa.text("select set_config('lock_timeout', '5s', true)"))
    run.execute(sa.text(f"lock table {DEFAULT} in access exclusive mode"))
    run.execute(sa.text(f"create table {name} (like activities including defaults)"))
    moved = run.scalar(
        sa.text(
            f"with moved as (delete from {DEFAULT} where occurred_at >= '{begin}' and occurred_at < '{end}' returning *),"  # noqa: S608
            f" put as (insert into {name} select * from moved returning 1) select count(*) from put"
        )
    )
    run.execute(sa.text(f"alter table activities attach partition {name} for values from ('{begin}') to ('{end}')"))
    run.execute(sa.text("select set_config('lock_timeout', '0', true)"))
    return int(moved or 0)
