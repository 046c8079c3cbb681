"""`flask create-admin`."""

import pytest
from click.testing import Result
from flask import Flask

from app.auth import queries
from app.core.db import session
from app.core.security import check_password
from tests.factories.auth import user
from tests.factories.workspaces import workspace

PASSWORD = "correct horse staple"


def run(app: Flask, *more: str, password: str = PASSWORD, email: str = "ada@NORTHLIGHT.example") -> Result:
    return app.test_cli_runner().invoke(args=["create-admin", "--email", email, "--name", "Ada", *more], input=f"{password}\n")


@pytest.mark.committed
def test_the_first_owner_gets_the_first_workspace(app: Flask, database: None) -> None:
    result = run(app, "--username", "ada", "--workspace", "Northlight")
    assert result.output.strip().endswith("Ada <ada@northlight.example> owns Northlight.")
    person, _ = queries.find_by_login("ada", None)
    assert person
    assert check_password(PASSWORD, person.password_hash)
    assert not person.demo
    ((membership, place),) = queries.memberships_of(person.id)
    assert (membership.role, membership.may_send, place.sandbox) == ("owner", True, False)


@pytest.mark.committed
def test_later_ones_join_a_workspace_by_its_name(app: Flask, database: None) -> None:
    place = workspace("Northlight")
    slug, number = place.slug, place.id
    session().commit()
    assert "There are workspaces already." in run(app).output
    assert run(app, "--join", "no-such-place").exit_code == 1
    assert run(app, "--join", slug).exit_code == 0
    assert run(app, "--join", str(number), email="grace@northlight.example").exit_code == 0


@pytest.mark.committed
def test_what_does_not_fit_is_named_and_nothing_is_made(app: Flask, database: None) -> None:
    user(email="taken@northlight.example")
    session().commit()
    for email, password, field in (
        ("ada", PASSWORD, "email"),
        ("ada@northlight.example", "short", "password"),
        ("ada@northlight.example", "password123", "password"),
        ("ada@northlight.example", "", "password"),
        ("TAKEN@northlight.example", PASSWORD, "email"),
    ):
        result = run(app, email=email, password=password)
        assert (result.exit_code, f"{field}: " in result.output) == (1, True), result.output
    session().rollback()
    assert queries.find_by_login("ada@northlight.example", None) == (None, False)
