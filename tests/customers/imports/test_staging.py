"""Plans guessed and corrected; chunks made ready, with their rejects, wherever they end."""

import io
from typing import Any

import pytest

from app.core.errors import Invalid
from app.customers.imports.cells import Place
from app.customers.imports.head import read_head
from app.customers.imports.mapping import Field, dump, load, make
from app.customers.imports.reading import ROWS, Cursor, read_chunk
from app.customers.imports.rejects import Kind, Unreadable, plain_cell, reject, safe_cell, to_csv
from app.customers.imports.staging import Stager


def head_of(text: str) -> Any:
    return read_head(io.BytesIO(text.encode()))


def plan_of(text: str, fields: Any = None, said: Any = None, **more: Any) -> Any:
    return make(head_of(text), fields or {}, said or {}, **more)


def stage(text: str, said: Any = None, fields: Any = None, limit: Any = 1000) -> Any:
    head = head_of(text)
    stager = Stager(make(head, fields or {}, said or {}), Place())
    return stager.stage(read_chunk(io.BytesIO(text.encode()), head.dialect, head.body, limit))


def targets(plan: Any) -> Any:
    return {c.name: (c.target, c.type) if c.field else c.target for c in plan}


def test_headings_are_recognised() -> None:
    text = "E-Mail Address,CustomerID,firstName,Date of Birth,PLZ,Tags,bought_mens,History $,fairlead_line,\n"
    text += "a@b.example,1,Ada,1990-01-02,10115,x,1,142.44,7,\n"
    assert targets(plan_of(text)) == {
        "E-Mail Address": "email",
        "CustomerID": "external_id",
        "firstName": "first_name",
        "Date of Birth": "birthday",
        "PLZ": "postcode",
        "Tags": "tags",
        "bought_mens": ("fields.bought_mens", "number"),
        "History $": ("fields.history", "number"),
        "fairlead_line": None,
        "column 10": None,
    }


def test_a_plan_survives_being_kept() -> None:
    plan = plan_of("email,points,born\na@b.example,3,13/01/1990\n", said={"born": "birthday"})
    assert load(dump(plan)) == plan
    assert plan[2].style == "dmy"


def test_what_is_said_wins_and_what_is_left_out_stays_out() -> None:
    text = "email,points,city,note\na@b.example,3,Berlin,x\n"
    plan = plan_of(text, said={"points": "fields.score:text", "city": "fields.town", "note": None})
    assert targets(plan) == {"email": "email", "points": ("fields.score", "text"), "city": ("fields.town", "text"), "note": None}
    assert [c.new for c in plan] == [False, True, True, False]


def test_a_field_that_exists_keeps_its_type() -> None:
    plan = plan_of("email,points\na@b.example,3\n", fields={"points": Field("text", "Points")})
    assert (plan[1].type, plan[1].label, plan[1].new) == ("text", "Points", False)


def test_what_is_remembered_is_proposed() -> None:
    text = "email,points,note\na@b.example,3,x\n"
    plan = plan_of(text, remembered={"points": "fields.score", "note": None}, fields={"score": Field("number", "Score")})
    assert targets(plan) == {"email": "email", "points": ("fields.score", "number"), "note": None}


def test_headings_that_make_the_same_key() -> None:
    assert targets(plan_of("email,a b,a_b,A-B\na@b.example,1,2,3\n")) == {
        "email": "email",
        "a b": ("fields.a_b", "number"),
        "a_b": ("fields.a_b_2", "number"),
        "A-B": ("fields.a_b_3", "number"),
    }


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"nope": "email"}, "mapping.nope", "There is no such column in the file."),
        ({"points": "email"}, "mapping.points", "“email” goes there already."),
        (
            {"email": None},
            "mapping",
            "No column holds an e-mail address, a phone or an external id; one of them is needed to know people by.",
        ),
        ({"points": "lifetime_value"}, "mapping.points", "There is no field “lifetime_value”. It is one of"),
        ({"points": "fields.1x"}, "mapping.points", "The key of a field is letters, digits and _, at most 63, and begins with a letter."),
        ({"points": "fields.x:blob"}, "mapping.points", "Behind the colon stands a type"),
        ({"points": "fields.old:number"}, "mapping.points", "The field old exists already and holds text."),
    ],
)
def test_plans_refused(said: Any, field: Any, reason: Any) -> None:
    with pytest.raises(Invalid) as no:
        plan_of("email,points\na@b.example,3\n", fields={"old": Field("text", "Old")}, said={"email": "email"} | said)
    assert list(no.value.errors) == [field]
    assert no.value.errors[field].startswith(reason)


def test_rows_are_packed_for_copy() -> None:
    staged = stage('email,name,tags,points,note\n A@b.example ,Ada Lovelace,x|y,3,"a ""b""\tc\\d\ne"\nc@d.example,,,,\n')
    assert staged.columns == ("line", "email", "tags", "first_name", "last_name", "attributes")
    assert staged.data.decode().splitlines() == [
        '2\ta@b.example\t{"x","y"}\tAda\tLovelace\t{"points":3,"note":"a \\\\"b\\\\"\\\\tc\\\\\\\\d\\\\ne"}',
        "4\tc@d.example\t\\N\t\\N\t\\N\t{}",
    ]
    assert staged.lines == [2, 4]


def test_reasons_name_line_column_and_value() -> None:
    staged = stage(
        "email,points,born\n"
        "h01203@@hillstrom.example,1,1990-01-01\n"
        "a@b.example,=4+4,1990-01-01\n"
        "c@d.example,1,1990-01-01,9\n"
        ",1,1990-01-01\n"
        "e@f.example,x,soon\n"
        "good@b.example,1,1990-01-01\n",
        {"born": "birthday", "points": "fields.points:number"},
    )
    assert [(r.line, r.column, r.found, r.kind, r.reason) for r in sorted(staged.rejects, key=lambda r: r.line)] == [
        (2, "email", "h01203@@hillstrom.example", Kind.ADDRESS, "Two @ signs"),
        (3, "points", "=4+4", Kind.NUMBER, "Formulas are not read"),
        (4, "", "4 values", Kind.COLUMNS, "The heading has 3 columns"),
        (5, "email", "(empty)", Kind.KEY, "A new customer needs an address, a phone or an id"),
        (6, "points", "x", Kind.NUMBER, "Not a number; born: Not a date; write it as 2026-11-21"),
    ]
    assert staged.lines == [7]
    assert {r.line: r.row for r in staged.rejects}[6] == ("e@f.example", "x", "soon")


def test_nul_bytes_cost_their_row() -> None:
    staged = stage("email,note\na@b.example,x\0y\nc@d.example,z\n")
    assert [(r.line, r.column, r.found, r.kind) for r in staged.rejects] == [(2, "note", "x␀y", Kind.CHARACTERS)]
    assert staged.lines == [3]


def test_the_later_of_two_rows_for_one_customer_is_a_repeat() -> None:
    staged = stage("email,external_id\na@b.example,1\nc@d.example,2\nA@B.example,3\ne@f.example,2\n")
    assert staged.lines == [2, 3]
    assert [(r.of, r.key, r.reject.line, r.reject.column, r.reject.reason) for r in staged.repeats] == [
        (2, "email", 4, "email", "Same address as line 2, which was taken"),
        (3, "external_id", 5, "external_id", "Same id as line 3, which was taken"),
    ]


def test_a_shared_phone_ends_the_chunk_only_where_people_might_be_the_same() -> None:
    apart = stage("email,phone\na@b.example,+12125550100\nc@d.example,+12125550100\n")
    assert apart.lines == [2, 3]
    alone = stage("email,phone\n,+12125550100\n,+12125550100\n")
    assert (alone.lines, [r.reject.line for r in alone.repeats]) == ([2], [3])
    maybe = stage("email,phone\n,+12125550100\nc@d.example,+12125550100\nx,y\n")
    assert (maybe.lines, maybe.rejects, maybe.chunk.end) == ([2], [], Cursor(maybe.chunk.end.offset, 3))
    assert maybe.chunk.end.offset == len("email,phone\n,+12125550100\n")


def test_after_a_chunk_that_ended_early_less_is_read_at_once() -> None:
    text = "email,phone\n" + "".join(f"u{i}@b.example,\n,+1212555{i:04}\nv{i}@b.example,+1212555{i:04}\n" for i in range(400))
    head = head_of(text)
    stager = Stager(make(head, {}, {}), Place())
    at, read, final, taken = head.body, 0, False, 0
    while not final:
        chunk = read_chunk(io.BytesIO(text.encode()), head.dialect, at, stager.most)
        staged = stager.stage(chunk)
        stager.pace(chunk, staged.chunk.end)
        at, final = staged.chunk.end, staged.chunk.final
        read, taken = read + len(chunk.rows), taken + len(staged.lines)
    assert taken == 1200
    assert read < ROWS + 50 * 400
    chunk.end = Cursor(0, 1)
    for _ in range(5):
        stager.pace(chunk, chunk.end)
    assert stager.most == ROWS


def test_national_numbers_take_the_country_of_their_row() -> None:
    staged = stage("email,phone,country\na@b.example,030 1234567,Germany\nc@d.example,030 1234567,\n")
    assert [line.split("\t")[2] for line in staged.data.decode().splitlines()] == ["+49301234567", "0301234567"]


def test_nobody_left_to_stage() -> None:
    staged = stage("email\nx\n")
    assert (staged.lines, staged.data, len(staged.rejects)) == ([], b"", 1)


def test_the_file_of_rejects_runs_no_formula_and_comes_back_as_it_was() -> None:
    row = ("=cmd()", "-12.5", "+1 212", "plain", "@x", "\tx")
    lines = "".join(to_csv(["email", "=x", "c", "d", "e", "f"], [reject(7, "email", "=cmd()", Unreadable(Kind.ADDRESS, "No @ sign"), row)]))
    assert lines.splitlines()[0] == "fairlead_line,fairlead_column,fairlead_found,fairlead_reason,email,'=x,c,d,e,f"
    assert lines.splitlines()[1] == "7,email,'=cmd(),No @ sign,'=cmd(),-12.5,'+1 212,plain,'@x,'\tx"
    assert tuple(plain_cell(safe_cell(v)) for v in row) == row
    assert plain_cell("'tis") == "'tis"


def test_choices_and_money_of_fields_that_exist() -> None:
    fields = {"plan": Field("text", "Plan", ("free", "pro")), "spent": Field("money", "Spent")}
    staged = stage("email,plan,spent\na@b.example,pro,12.50\nc@d.example,gold,1\ne@f.example,free,1.005\n", fields=fields)
    assert staged.data.decode().splitlines() == ['2\ta@b.example\t{"plan":"pro","spent":1250}']
    assert [(r.line, r.column, r.reason) for r in staged.rejects] == [
        (3, "plan", "Not one of: free, pro"),
        (4, "spent", "More decimals than the currency has, 2"),
    ]
