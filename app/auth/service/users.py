"""People: made, changed, and what ends all their sessions."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.auth import queries
from app.auth.models import PasswordReset, User
from app.auth.schemas import AccountIn, EmailChangeIn, PasswordChangeIn, Preferences
from app.auth.schemas.fields import check_password_fits
from app.auth.service import throttle
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.security import check_password, hash_password
from app.core.time import now

NOT_YOURS = "This is not your present password."


def get_user(user_id: int) -> User:
    """Return the user. Raises NotFound."""
    row = session().get(User, user_id)
    if row is None:
        raise NotFound(User.noun)
    return row


def create_user(email: str, name: str, password: str, by: Actor, *, username: str | None = None, demo: bool = False) -> User:
    """Make a user. The caller has checked the fields; the demo user's password need not be a good one.

    Raises Invalid where address or user name are taken.
    """
    if not demo:
        check_password_fits(password, email, username, name)
    row = User(email=email, username=username, name=name, password_hash=hash_password(password), demo=demo)
    with _names_stay_unique():
        session().add(row)
        session().flush()
    after = {"email": email, "username": username, "name": name}
    audit.record(None, by, "user.created", ("user", row.id, name), None, after)
    return row


def update_account(user_id: int, data: AccountIn, by: Actor, workspace_id: int | None) -> User:
    """Change name and user name. Raises Invalid where the user name is taken."""
    row = queries.user_for_update(user_id)
    before, after = audit.changed({"name": row.name, "username": row.username}, data.model_dump())
    if after:
        with _names_stay_unique():
            row.name, row.username = data.name, data.username
            session().flush()
        audit.record(workspace_id, by, "user.updated", ("user", row.id, row.name), before, after)
    return row


def set_preferences(user_id: int, data: Preferences) -> User:
    """Change how figures are written. Not audited: it touches nobody else."""
    row = queries.user_for_update(user_id)
    row.locale = data.locale
    session().flush()
    return row


def change_email(user_id: int, data: EmailChangeIn, by: Actor, workspace_id: int | None) -> User:
    """Change the address. Links that set a password die, all other sessions too. Raises Invalid."""
    row = queries.user_for_update(user_id)
    confirm_password(row, data.password, by)
    if data.email == row.email:
        return row
    before, row.email = row.email, data.email
    with _names_stay_unique():
        session().flush()
    end_everything(row)
    audit.record(workspace_id, by, "user.email_changed", ("user", row.id, row.name), {"email": before}, {"email": row.email})
    return row


def change_password(user_id: int, data: PasswordChangeIn, by: Actor, workspace_id: int | None) -> User:
    """Set a new password, knowing the present one. All sessions and tokens die. Raises Invalid."""
    row = queries.user_for_update(user_id)
    confirm_password(row, data.password, by)
    set_password(row, data.new_password, by, workspace_id, field="new_password")
    return row


def set_password(row: User, password: str, by: Actor, workspace_id: int | None, *, field: str = "password") -> None:
    """Set a password that fits and end all sessions and tokens. Raises Invalid naming `field`."""
    check_password_fits(password, row.email, row.username, row.name, field=field)
    row.password_hash = hash_password(password)
    end_everything(row)
    audit.record(workspace_id, by, "user.password_changed", ("user", row.id, row.name))


def confirm_password(row: User, password: str, by: Actor) -> None:
    """Check that it is really the user. Raises Invalid naming `password`, TooMany: who found an open browser may try to guess."""
    counted = throttle.counters(f"confirm {row.id}", by.address, known=False)
    throttle.begin(counted)
    if not check_password(password, row.password_hash):
        raise Invalid({"password": NOT_YOURS})
    throttle.passed(counted)


def end_everything(row: User) -> None:
    """Raise `auth_version`, with which all sessions and tokens die, and use up the links that set a password."""
    row.auth_version += 1
    session().flush()
    end_resets(row.id)


def end_resets(user_id: int) -> None:
    """Use up the links that set a password of this user."""
    open_links = sa.update(PasswordReset).where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
    session().execute(open_links.values(used_at=now()))


def log_out_everywhere(user_id: int, by: Actor, workspace_id: int | None) -> User:
    """End all sessions and tokens of a user."""
    row = queries.user_for_update(user_id)
    end_everything(row)
    audit.record(workspace_id, by, "user.logged_out_everywhere", ("user", row.id, row.name))
    return row


@contextmanager
def _names_stay_unique() -> Iterator[None]:
    try:
        yield
    except IntegrityError as problem:
        field = "username" if "uq_users_username" in str(problem.orig) else "email"
        words = {"username": "Somebody else has this user name.", "email": "There is an account with this address already."}
        raise Invalid({field: words[field]}) from problem
