"""Files become customers: who is known, what changes, what is rejected, and how it is taken back."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.errors import Conflict, Invalid
from app.core.time import now
from app.customers.imports.reading import BLOCK
from app.customers.models import Consent, ConsentLog, Customer, CustomerChange, CustomerField, Import, ImportReject, ImportUndo
from app.customers.queries import imports as queries
from app.customers.schemas.imports import ImportIn
from app.customers.service import import_purge, import_steps, imports
from tests.factories.customers import a_consent, a_customer, a_field, a_workspace
from tests.factories.imports import ADA, a_file, begun, counts, imported, people, rejects, undone


@pytest.fixture
def workspace_id(session: Session) -> int:
    return a_workspace(zone="Europe/Berlin").id


def test_new_people_with_typed_fields(session: Session, workspace_id: int) -> None:
    text = "email,external_id,first_name,country,birthday,tags,bought_mens,joined\n"
    text += "Ada@b.example,A1,Ada,Germany,1990-02-01,vip|new,1,2026-11-21 10:00\n"
    row = imported(workspace_id, text)
    assert (row.state, counts(row)) == ("finished", (1, 0, 0, 0))
    one = session.scalars(sa.select(Customer).where(Customer.workspace_id == workspace_id)).one()
    assert (one.email, one.external_id, one.first_name, one.country, str(one.birthday)) == (
        "ada@b.example",
        "A1",
        "Ada",
        "DE",
        "1990-02-01",
    )
    assert (one.tags, one.attributes) == (["vip", "new"], {"bought_mens": 1, "joined": "2026-11-21T09:00:00Z"})
    assert (one.origin, one.import_id, one.version, one.stage) == ("import", row.id, 1, "subscriber")
    fields = session.scalars(sa.select(CustomerField).where(CustomerField.workspace_id == workspace_id).order_by(CustomerField.key))
    assert [(f.key, f.label, f.type) for f in fields] == [("bought_mens", "Bought mens", "number"), ("joined", "Joined", "datetime")]
    assert session.scalars(sa.select(Consent).where(Consent.workspace_id == workspace_id)).all() == []


def test_the_same_file_again_changes_nobody(session: Session, workspace_id: int) -> None:
    text = "email,first_name,tags,points\n" + "".join(f"u{i}@b.example,N{i},a|b,{i}.50\n" for i in range(50))
    imported(workspace_id, text)
    session.execute(sa.delete(CustomerChange).where(CustomerChange.workspace_id == workspace_id))
    for overwrite in ("always", "empty", "never"):
        row = imported(workspace_id, text, overwrite=overwrite)
        assert counts(row) == (0, 0, 50, 0)
    assert set(people(workspace_id, "version")) == {(1,)}
    assert session.scalars(sa.select(CustomerChange).where(CustomerChange.workspace_id == workspace_id)).all() == []


@pytest.mark.parametrize(
    ("overwrite", "stored", "change"),
    [
        ("always", ("New", "Old", "Berlin", {"a": 2, "b": 1, "c": 3}, ["x", "y"]), (0, 1, 0, 0)),
        ("empty", ("Old", "Old", "Berlin", {"a": 1, "b": 1, "c": 3}, ["x", "y"]), (0, 1, 0, 0)),
        ("never", ("Old", "Old", None, {"a": 1, "b": 1}, ["x"]), (0, 0, 1, 0)),
    ],
)
def test_what_is_overwritten(session: Session, workspace_id: int, overwrite: str, stored: tuple[Any, ...], change: tuple[int, ...]) -> None:
    for key in ("a", "b", "c"):
        a_field(workspace_id, key, "number")
    one = a_customer(workspace_id, email="ada@b.example", first_name="Old", last_name="Old", tags=["x"], attributes={"a": 1, "b": 1})
    row = imported(workspace_id, "email,first_name,last_name,city,tags,a,b,c\nADA@b.example,New,,Berlin,y|x,2,,3\n", overwrite=overwrite)
    session.refresh(one)
    assert counts(row) == change
    assert (one.first_name, one.last_name, one.city, one.attributes, one.tags) == stored
    assert one.email == "ada@b.example"


def test_known_by_id_then_address_then_phone(session: Session, workspace_id: int) -> None:
    by_id = a_customer(workspace_id, external_id="A", email="old@b.example", first_name=None)
    by_email = a_customer(workspace_id, email="mail@b.example", first_name=None)
    by_phone = a_customer(workspace_id, email=None, phone="+12125550100", first_name=None)
    text = (
        "external_id,email,phone,first_name\n"
        "A,new@b.example,,One\n"
        "B,mail@b.example,,Two\n"
        ",phone@b.example,+1 212 555 0100,Three\n"
        "C,other@b.example,+1 212 555 0199,Four\n"
    )
    row = imported(workspace_id, text, overwrite="always")
    assert counts(row) == (1, 3, 0, 0)
    assert people(workspace_id, "id", "external_id", "email", "phone", "first_name")[:3] == [
        (by_id.id, "A", "new@b.example", None, "One"),
        (by_email.id, "B", "mail@b.example", None, "Two"),
        (by_phone.id, None, "phone@b.example", "+12125550100", "Three"),
    ]


def test_keys_of_different_people_are_no_one(session: Session, workspace_id: int) -> None:
    a_customer(workspace_id, external_id="A", email="a@b.example")
    a_customer(workspace_id, external_id="B", email="b@b.example")
    for _ in range(2):
        a_customer(workspace_id, email=None, phone="+12125550100")
    text = "external_id,email,phone\nA,b@b.example,\nZ,a@b.example,\n,,+12125550100\nA,a@b.example,\n"
    row = imported(workspace_id, text)
    assert counts(row) == (0, 0, 1, 3)
    assert rejects(row) == [
        (2, "email", "b@b.example", "The address and the id belong to two different customers"),
        (3, "email", "a@b.example", "This address belongs to the customer with the id A"),
        (4, "phone", "+12125550100", "Several customers have this phone"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_twice_in_the_file_within_and_across_chunks(
    session: Session, workspace_id: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_steps, "rows_for", lambda _: size)
    known = a_customer(workspace_id, external_id="K", email="known@b.example", phone="+12125550111")
    text = (
        "external_id,email,phone,first_name\n"
        "A,a@b.example,,First\n"
        ",a@b.example,,Second\n"
        "A,other@b.example,,Third\n"
        ",,+12125550100,Phone\n"
        ",,+12125550100,Again\n"
        "K,,,Known\n"
        ",known@b.example,,Known too\n"
        ",p@b.example,+12125550100,Joins the phone\n"
    )
    row = imported(workspace_id, text)
    assert counts(row) == (2, 0, 1, 5)
    assert [(line, reason) for line, _, _, reason in rejects(row)] == [
        (3, "Same address as line 2, which was taken"),
        (4, "Same id as line 2, which was taken"),
        (6, "Same phone as line 5, which was taken"),
        (8, "Same address as line 7, which was taken"),
        (9, "Same phone as line 5, which was taken"),
    ]
    assert known.id in [ident for (ident,) in people(workspace_id, "id")]


def test_consent_comes_only_when_it_is_said(session: Session, workspace_id: int) -> None:
    left = a_customer(workspace_id, email="left@b.example")
    waits = a_customer(workspace_id, email="waits@b.example")
    a_consent(left, "unsubscribed")
    a_consent(waits, "pending")
    text = "email,external_id\nleft@b.example,L\nwaits@b.example,W\nnew@b.example,N\n,X\n"
    row = imported(workspace_id, text, overwrite="never", consent={"state": "subscribed", "basis": "contract"})
    assert counts(row) == (2, 1, 1, 0)
    states = session.execute(sa.select(Consent.customer_id, Consent.state, Consent.source).where(Consent.workspace_id == workspace_id))
    new = session.scalars(sa.select(Customer.id).where(Customer.workspace_id == workspace_id, Customer.email == "new@b.example")).one()
    source = f"import {row.id}"
    assert sorted(map(tuple, states)) == [(left.id, "unsubscribed", "test"), (waits.id, "subscribed", source), (new, "subscribed", source)]
    logged = session.scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == workspace_id).order_by(ConsentLog.customer_id))
    assert [(log.customer_id, log.state, log.basis, log.by) for log in logged] == [
        (waits.id, "subscribed", "contract", "Ada Okonkwo"),
        (new, "subscribed", "contract", "Ada Okonkwo"),
    ]
    undone(row)
    here = sa.select(Customer.id).where(Customer.workspace_id == workspace_id)
    query = sa.select(Consent.customer_id, Consent.state, Consent.source).where(Consent.workspace_id == workspace_id)
    states = session.execute(query.where(Consent.customer_id.in_(here)))
    assert sorted(map(tuple, states)) == [(left.id, "unsubscribed", "test"), (waits.id, "pending", "test")]


def test_undo_takes_back_what_nobody_touched_since(session: Session, workspace_id: int) -> None:
    a_field(workspace_id, "points", "number")
    changed = a_customer(workspace_id, email="changed@b.example", first_name=None, city="Rome", tags=["x"], attributes={"points": 1})
    edited = a_customer(workspace_id, email="edited@b.example", first_name="Old")
    text = "email,first_name,city,birthday,tags,points\nchanged@b.example,Ada,Berlin,1990-01-01,y,2\n"
    text += "edited@b.example,New,,,,\nnew@b.example,N,,,,\nkept@b.example,K,,,,\n"
    row = imported(workspace_id, text, overwrite="always")
    assert counts(row) == (2, 2, 0, 0)
    session.refresh(changed)
    assert (changed.first_name, changed.city, changed.tags, changed.attributes, changed.version) == (
        "Ada",
        "Berlin",
        ["x", "y"],
        {"points": 2},
        2,
    )
    touched = sa.update(Customer).where(Customer.workspace_id == workspace_id, Customer.email.in_(["edited@b.example", "kept@b.example"]))
    session.execute(touched.values(last_name="Edited", version=Customer.version + 1).execution_options(synchronize_session=False))
    undone(row)
    assert (row.removed, row.restored, row.kept, row.undo_state) == (1, 1, 2, "done")
    session.refresh(changed)
    assert (changed.first_name, changed.city, changed.birthday, changed.tags, changed.attributes) == (
        None,
        "Rome",
        None,
        ["x"],
        {"points": 1},
    )
    session.refresh(edited)
    assert (edited.first_name, edited.last_name) == ("New", "Edited")
    assert [email for (email,) in people(workspace_id, "email")] == ["changed@b.example", "edited@b.example", "kept@b.example"]
    with pytest.raises(Conflict):
        imports.undo(workspace_id, row.id, ADA)


def test_undo_gives_no_address_back_that_another_has_now(session: Session, workspace_id: int) -> None:
    one = a_customer(workspace_id, external_id="A", email="old@b.example")
    row = imported(workspace_id, "external_id,email\nA,new@b.example\nB,old@b.example\n", overwrite="always")
    undone(row)
    assert (row.removed, row.restored, row.kept) == (1, 1, 0)
    session.refresh(one)
    assert one.email == "old@b.example"
    row = imported(workspace_id, "external_id,email\nA,new@b.example\n", overwrite="always")
    a_customer(workspace_id, email="old@b.example")
    undone(row)
    assert (row.removed, row.restored, row.kept) == (0, 0, 1)


def test_a_paused_import_waits_and_a_stopped_one_ends(session: Session, workspace_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_steps, "rows_for", lambda _: 10)
    row = begun(workspace_id, "email\n" + "".join(f"u{i}@b.example\n" for i in range(30)))
    assert import_steps.step(workspace_id, row.id)
    assert import_steps.step(workspace_id, row.id)
    assert (row.state, row.rows_total, row.rows_done) == ("running", 30, 10)
    imports.pause(workspace_id, row.id, ADA)
    assert not import_steps.step(workspace_id, row.id)
    imports.resume(workspace_id, row.id, ADA)
    assert import_steps.step(workspace_id, row.id)
    assert row.rows_done == 20
    imports.undo(workspace_id, row.id, ADA)
    assert not import_steps.step(workspace_id, row.id)
    assert (row.state, row.undo_state) == ("cancelled", "running")
    with pytest.raises(Conflict):
        imports.resume(workspace_id, row.id, ADA)


def test_pause_in_the_middle_of_a_chunk_undoes_the_chunk(session: Session, workspace_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    row = begun(workspace_id, "email\na@b.example\n")
    assert import_steps.step(workspace_id, row.id)
    take = import_steps.take_chunk

    def paused_meanwhile(*args: Any) -> Any:
        outcome = take(*args)
        session.execute(sa.update(Import).where(Import.workspace_id == workspace_id, Import.id == row.id).values(state="paused"))
        return outcome

    monkeypatch.setattr(import_steps, "take_chunk", paused_meanwhile)
    assert not import_steps.step(workspace_id, row.id)
    assert people(workspace_id, "id") == []


def test_wrong_bytes_far_into_the_file_change_nobody(session: Session, workspace_id: int) -> None:
    data = b"email\n" + b"".join(b"u%06d@b.example\n" % i for i in range(200_000)) + b"\xff\n"
    row = imported(workspace_id, data)
    assert row.state == "failed"
    assert row.error == f"Line 200,002, byte {len(data) - 1:,}: 0xFF is not UTF-8. Choose the encoding the file was saved in."
    assert people(workspace_id, "id") == []


@pytest.mark.parametrize(
    ("data", "said", "field"),
    [
        (b"PK\x03\x04....", {}, "file"),
        (b"email\n", {}, "file"),
        ("email,name\na@b.example,Zoë\n".encode("latin-1"), {}, "encoding"),
        (b"email\na@b.example\n", {"mapping": {"nope": "email"}}, "mapping.nope"),
        (b"name\nAda\n", {}, "mapping"),
    ],
)
def test_files_that_are_refused_leave_nothing_begun(
    session: Session, workspace_id: int, data: bytes, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as no:
        imports.accept(workspace_id, a_file(workspace_id, data), ImportIn.model_validate(said), ADA)
    assert list(no.value.errors) == [field]


def test_every_reject_is_kept_with_its_row(session: Session, workspace_id: int) -> None:
    text = 'email,points\n"quote,1\nx@,2\na@b.example,1.204\\,50\na@b.example,3,4\nb@b.example,7\n'.replace("1.204\\,50", '"1.204,50"')
    row = imported(workspace_id, text, mapping={"points": "fields.points:number:point"})
    assert counts(row) == (1, 0, 0, 4)
    assert rejects(row) == [
        (2, "", '"quote,1', "Text stands behind a closing quote; a quote inside a value is written twice"),
        (3, "email", "x@", "Nothing after the @ sign"),
        (4, "points", "1.204,50", "Not a number here. Is it 1,204.50?"),
        (5, "", "3 values", "The heading has 2 columns"),
    ]
    kept = sa.select(ImportReject.row).where(ImportReject.workspace_id == workspace_id).order_by(ImportReject.line)
    assert session.scalars(kept).all() == [['"quote,1'], ["x@", "2"], ["a@b.example", "1.204,50"], ["a@b.example", "3", "4"]]


def test_a_mapping_is_remembered_for_the_same_heading(session: Session, workspace_id: int) -> None:
    text = "email,a,b\na@b.example,1,2\n"
    imported(workspace_id, text, mapping={"a": "fields.alpha:text", "b": None})
    row = imports.create(workspace_id, a_file(workspace_id, text), "customers", ADA)
    imports.read(row)
    assert [(c["target"], c["type"], c["new"]) for c in row.plan] == [
        ("email", "text", False),
        ("fields.alpha", "text", False),
        (None, "text", False),
    ]


def test_a_dry_run_shows_what_would_be_stored(session: Session, workspace_id: int) -> None:
    row = imports.create(workspace_id, a_file(workspace_id, "email,born,points\nA@b.example,13/01/1990,5\nx,,\n"), "customers", ADA)
    imports.read(row)
    imports.choose(workspace_id, row.id, ImportIn(mapping={"born": "birthday"}))
    seen = imports.look(workspace_id, row.id).ready
    assert seen.profile == {"email": ["a@b.example"], "birthday": ["1990-01-13"]}
    assert [(r.line, r.reason) for r in seen.rejects] == [(3, "No @ sign")]
    assert people(workspace_id, "id") == []


def test_old_imports_are_forgotten(session: Session, workspace_id: int) -> None:
    row = imported(workspace_id, "email\na@b.example\nx\n")
    draft = imports.create(workspace_id, a_file(workspace_id, "email\na@b.example\n"), "customers", ADA)
    assert not import_purge.step()
    row.finished_at = now() - timedelta(days=31)
    draft.created_at = now() - timedelta(days=2)
    session.flush()
    while import_purge.step():
        pass
    session.refresh(row)
    assert (row.purged_at is not None, row.file_id) == (True, None)
    for table in (ImportReject, ImportUndo):
        assert session.scalars(sa.select(table).where(table.workspace_id == workspace_id)).all() == []
    assert session.scalars(sa.select(Import.id).where(Import.workspace_id == workspace_id)).all() == [row.id]
    with pytest.raises(Conflict):
        imports.undo(workspace_id, row.id, ADA)


def test_undoing_thousands_asks_once_for_each(session: Session, workspace_id: int) -> None:
    row = imported(workspace_id, "email\n" + "".join(f"p{n}@a.example\n" for n in range(5_000)))
    session.execute(sa.text("set local statement_timeout = '5s'"))  # it took more than that when each was looked up in a list of all
    assert undone(row).removed == 5_000


def test_refused_rows_do_not_fill_the_memory(session: Session, workspace_id: int) -> None:
    row = imported(workspace_id, "email,note\n" + "".join(f"bad{i}@,{i}\n" for i in range(120)))
    session.expunge_all()
    listed, _ = queries.list_rejects(workspace_id, row.id, 50)
    assert [sa.inspect(reject).unloaded for reject in listed] == [{"row"}] * 50
    assert len("".join(imports.rejects_csv(workspace_id, row.id)).splitlines()) == 121
    assert queries.AT_ONCE * BLOCK <= 150 * 1024**2
