"""`flask create-admin`: the first owner, where there is no demo user."""

import sys

import click
from flask.cli import with_appcontext

from app.auth import service
from app.auth.schemas import AdminIn
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Invalid
from app.core.schemas import parse
from app.workspaces import queries as workspaces
from app.workspaces.schemas import WorkspaceIn


@click.command("create-admin")
@click.option("--email", required=True, help="Address to sign in with.")
@click.option("--name", required=True, help="Name as others see it.")
@click.option("--username", help="A shorter name to sign in with.")
@click.option("--workspace", default="Our company", show_default=True, help="Name of the first workspace, made where there is none.")
@click.option("--join", help="Id or slug of a workspace to become an owner of, where there are some.")
@with_appcontext
def create_admin(email: str, name: str, username: str | None, workspace: str, join: str | None) -> None:
    """Make a user who owns a workspace. Asks for the password, or reads one line of standard input."""
    try:
        data = parse(AdminIn, {"email": email, "name": name, "username": username, "password": _password()})
        first = parse(WorkspaceIn, {"name": workspace})
        by = Actor.system("create-admin")
        user = service.create_user(data.email, data.name, data.password, by, username=data.username)
        place = _join(user.id, join, by) if workspaces.any_workspace_exists() else service.create_workspace(first, user.id, by).name
    except Invalid as no:
        session().rollback()
        raise click.ClickException("\n".join(f"{field or 'input'}: {why}" for field, why in no.errors.items())) from None
    session().commit()
    click.echo(f"{data.name} <{data.email}> owns {place}.")


def _join(user_id: int, join: str | None, by: Actor) -> str:
    found = workspaces.find_workspace(join) if join else None
    if found is None:
        raise Invalid({"join": "There are workspaces already. Name one of them by its id or slug."})
    service.create_membership(found.id, user_id, "owner", by, may_send=True)
    return found.name


def _password() -> str:
    """Return what was typed, twice the same, or the first line of standard input where nobody sits there."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
