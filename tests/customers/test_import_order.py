"""An import does what taking its rows one at a time would do: beside a model of that in plain Python, for chunks of any size."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.customers.models import Import, ImportReject
from app.customers.service import import_steps
from tests.factories.customers import a_customer, a_workspace
from tests.factories.imports import counts, imported, people

MANY = 25
"""Examples in the suite; by hand thousands."""
COLUMNS = ("external_id", "email", "phone", "first_name")


class Cells(NamedTuple):
    """A row of the file; empty is empty."""

    external_id: str
    email: str
    phone: str
    first_name: str


@dataclass(eq=False)
class Person:
    """Somebody in the model."""

    external_id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    version: int = 1


Seen = tuple[tuple[int, ...], list[tuple[int, str]]]


class Model:
    """Customers, and what a file does to them row by row."""

    def __init__(self, here: Sequence[Cells], overwrite: str) -> None:
        self.people = [Person(*cells) for cells in here]
        self.overwrite = overwrite

    def take(self, rows: Sequence[Cells]) -> Seen:
        """Take a file; return created, updated, unchanged, rejected, and line and kind of each reject."""
        named: set[Person] = set()
        done = {"created": 0, "updated": 0, "unchanged": 0}
        rejected = []
        for line, cells in enumerate(rows, 2):
            found = self._find(cells)
            fault = self._fault(cells, found, named)
            if fault:
                rejected.append((line, fault))
                continue
            person = found[0] if found else Person()
            act = self._write(person, cells) if found else "created"
            if not found:
                self.people.append(Person(*cells))
                person = self.people[-1]
            named.add(person)
            done[act] += 1
        return (*done.values(), len(rejected)), rejected

    def _find(self, cells: Cells) -> list[Person]:
        by_id = [p for p in self.people if cells.external_id and p.external_id == cells.external_id]
        by_email = [p for p in self.people if cells.email and p.email == cells.email]
        if by_id or by_email:
            return by_id + [p for p in by_email if p not in by_id]
        return [
            p
            for p in self.people
            if cells.phone == p.phone != "" and not (p.email and cells.email) and not (p.external_id and cells.external_id)
        ]

    def _fault(self, cells: Cells, found: list[Person], named: set[Person]) -> str:
        if not any(cells[:3]):
            return "key"
        by_phone = not any(p.email == cells.email != "" or p.external_id == cells.external_id != "" for p in found)
        if any(p in named for p in found) and not (by_phone and len(found) > 1):
            return "twice"
        other = found and cells.external_id and found[0].external_id and found[0].external_id != cells.external_id
        return "conflict" if len(found) > 1 or other else ""

    def _write(self, person: Person, cells: Cells) -> str:
        before = astuple(person)
        for name, value in cells._asdict().items():
            if value and self.overwrite != "never" and (self.overwrite == "always" or not getattr(person, name)):
                setattr(person, name, value)
        if astuple(person) == before:
            return "unchanged"
        person.version += 1
        return "updated"


CELLS = st.builds(
    Cells,
    st.sampled_from(["", "", "A", "B", "C"]),
    st.sampled_from(["", "a@b.example", "b@b.example", "c@b.example"]),
    st.sampled_from(["", "", "+12125550100", "+12125550101"]),
    st.sampled_from(["", "Ada", "Bob"]),
)
FILES = st.lists(st.lists(CELLS, min_size=1, max_size=8), min_size=1, max_size=2)


def distinct(here: list[Cells]) -> list[Cells]:
    """Return those of the list that can be customers side by side."""
    kept: list[Cells] = []
    for cells in here:
        clash = any((c.external_id and c.external_id == cells.external_id) or (c.email and c.email == cells.email) for c in kept)
        if any(cells[:3]) and not clash:
            kept.append(cells)
    return kept


HERE = st.lists(CELLS, max_size=4).map(distinct)
JOINED = [Cells("A", "a@b.example", "", ""), Cells("", "b@b.example", "", "")]


def taken(row: Import, session: Session) -> Seen:
    """Return what an import did, as the model says it."""
    query = sa.select(ImportReject.line, ImportReject.kind).where(ImportReject.workspace_id == row.workspace_id)
    found = session.execute(query.where(ImportReject.import_id == row.id).order_by(ImportReject.line))
    return counts(row), [(line, kind) for line, kind in found]


@example(here=JOINED[:1], files=[[Cells("A", "b@b.example", "", ""), Cells("", "b@b.example", "", "Bob")]], overwrite="empty", size=2)
@example(here=JOINED, files=[[Cells("A", "b@b.example", "", ""), Cells("", "b@b.example", "", "Bob")]], overwrite="always", size=2)
@given(here=HERE, files=FILES, overwrite=st.sampled_from(["always", "empty", "never"]), size=st.integers(1, 4))
@settings(
    max_examples=MANY,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_one_at_a_time_in_chunks_of_any_size(
    session: Session, monkeypatch: pytest.MonkeyPatch, here: list[Cells], files: list[list[Cells]], overwrite: str, size: int
) -> None:
    model = Model(here, overwrite)
    expected = [model.take(rows) for rows in files]
    for chunk in (size, 1000):
        monkeypatch.setattr(import_steps, "rows_for", lambda _, chunk=chunk: chunk)
        place = a_workspace().id
        for cells in here:
            a_customer(place, **{name: value or None for name, value in cells._asdict().items()})
        seen = []
        for rows in files:
            text = "city," + ",".join(COLUMNS) + "\n" + "".join(",".join(["x", *cells]) + "\n" for cells in rows)
            seen.append(taken(imported(place, text, overwrite=overwrite, mapping={"city": None}), session))
        assert seen == expected
        assert people(place, *COLUMNS, "version") == [tuple(value or None for value in astuple(p)) for p in model.people]
