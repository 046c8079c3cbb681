"""A hostile file of customers, and everything an import of it leaves in a workspace, in a form that two workspaces can share."""

import random
from typing import Any

import sqlalchemy as sa

from app.core.db import session

HEADING = "email,external_id,phone,first_name,city,tags,points,note\n"
LEFT = {
    "customers": """select external_id, email, phone, first_name, city, tags, attributes, stage, origin, version, import_id is null
        from customers where workspace_id = :w order by id""",
    "stats": """select count(*) from customer_stats join customers c on c.id = customer_id
        where customer_stats.workspace_id = :w and c.workspace_id = :w""",
    "consents": """select c.email, k.state, k.basis, k.source like 'import %' from consents k join customers c on c.id = k.customer_id
        where k.workspace_id = :w and c.workspace_id = :w order by k.customer_id""",
    "consent log": """select c.email, k.state, k.by from consent_log k join customers c on c.id = k.customer_id
        where k.workspace_id = :w and c.workspace_id = :w order by k.customer_id, k.id""",
    "changes": """select c.email, c.external_id, h.fields from customer_changes h join customers c on c.id = h.customer_id
        where h.workspace_id = :w and c.workspace_id = :w order by h.customer_id, h.fields::text""",
    "fields": "select key, label, type from customer_fields where workspace_id = :w order by key",
    "rejects": "select line, column_name, found, kind, reason, cells from import_rejects where workspace_id = :w order by import_id, line",
    "acts": """select u.line, u.act, u.version, u.before - 'consent', c.email from import_undo u
        left join customers c on c.id = u.subject_id and c.workspace_id = :w where u.workspace_id = :w order by u.import_id, u.line""",
    "counts": """select state, rows_total, rows_done, created, updated, unchanged, rejected, row_line, undo_state, removed, restored, kept
        from imports where workspace_id = :w order by id""",
    "audit": "select action, count(*), max(after::text) from audit_log where workspace_id = :w and refused is false group by 1 order by 1",
    "news": "select name, count(*) from outbox where workspace_id = :w group by 1 order by 1",
}
"""Queries of what an import leaves; ids are left out, the order of ids is not."""


def left_in(workspace_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that imports left in a workspace."""
    return {name: [tuple(row) for row in session().execute(sa.text(query), {"w": workspace_id})] for name, query in LEFT.items()}


def first_file(count: int) -> str:
    """Return a file of so many people who differ."""
    return HEADING + "".join(f"here{i}@b.example,H{i},,Name {i},,a,{i},\n" for i in range(count))


def second_file(count: int, here: int, seed: int) -> str:
    """Return a file of new people, people who are here (changed or not), repeats by one key or another, and rows that are no good."""
    chance = random.Random(seed)
    rows = [chance.choices(_KINDS, _WEIGHTS)[0](chance, i, here) for i in range(count)]
    return HEADING + "".join(f"{row}\n" for row in rows)


def _new(_: random.Random, i: int, __: int) -> str:
    return f"new{i}@b.example,N{i},,Name {i},Berlin,a|b,{i},"


def _changed(chance: random.Random, i: int, here: int) -> str:
    return f"here{chance.randrange(here)}@b.example,,,,Rome,c,,said {i}"


def _unchanged(chance: random.Random, _: int, here: int) -> str:
    known = chance.randrange(here)
    return f"here{known}@b.example,H{known},,Name {known},,a,{known},"


def _again(chance: random.Random, i: int, _: int) -> str:
    return f"new{max(0, i - chance.randrange(1, 300))}@b.example,,,Again,,,,"


def _crossed(chance: random.Random, i: int, here: int) -> str:
    return f"cross{i // 3}@b.example,H{chance.randrange(here)},,Crossed,,,,"


def _phone(_: random.Random, i: int, __: int) -> str:
    return f"{'' if i % 2 else f'phone{i}@b.example'},,+1212555{i // 4:04},By phone,,,,"


def _lines(_: random.Random, i: int, __: int) -> str:
    return f'long{i}@b.example,,,"Two\nlines ""{i}""",,,,'


def _bad(chance: random.Random, i: int, _: int) -> str:
    return chance.choice(
        [f"bad{i}@@b.example,,,,,,,", f"bad{i}@b.example,,,,,,many,", ",,,Nobody,,,,", f"short{i}@b.example,", f'"open{i},,,,']
    )


_KINDS = (_new, _changed, _unchanged, _again, _crossed, _phone, _lines, _bad)
_WEIGHTS = (60, 10, 10, 8, 3, 3, 3, 3)
