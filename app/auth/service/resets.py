"""Links that set a new password: one hour, once."""

from datetime import timedelta

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries
from app.auth.events import PasswordResetAsked
from app.auth.models import PasswordReset, User
from app.auth.origin import Origin
from app.auth.service import throttle
from app.auth.service.users import get_user, set_password
from app.core import settings
from app.core.db import session
from app.core.errors import NotFound
from app.core.security import digest, random_token
from app.core.time import now
from app.events.service import publish

LIFE = timedelta(hours=1)
_OPEN_AT_MOST = 3


def ask_reset(login: str, origin: Origin) -> User | None:
    """Tell those who send mail that somebody asks for a link, and return the user, or None: the page says the same either way.

    Asking is slowed down like guessing. Raises TooMany.
    """
    throttle.begin(throttle.counters(f"reset {login}", origin.address, known=False))
    user, _ = queries.find_by_login(login, None)
    # Written for unknown names too: a commit that writes takes longer, which would tell them from known ones.
    subject = ("user", user.id, user.name) if user else ("user", None, "")
    audit.record(user.last_workspace_id if user else None, origin.actor("Somebody", None), "user.reset_asked", subject)
    if user is None or user.demo:
        return None
    if user.last_workspace_id is not None:
        publish(PasswordResetAsked(user.last_workspace_id, user_id=user.id))
    return user


def create_reset(user_id: int) -> str:
    """Return a new link. Of the links still open the three newest stay good."""
    token = random_token()
    session().add(PasswordReset(user_id=user_id, token_digest=digest(token), expires_at=now() + LIFE))
    session().flush()
    newest = sa.select(PasswordReset.id).where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
    newest = newest.order_by(PasswordReset.id.desc()).limit(_OPEN_AT_MOST)
    mine = sa.update(PasswordReset).where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
    session().execute(mine.where(PasswordReset.id.not_in(newest)).values(used_at=now()))
    return f"{settings.get().PUBLIC_URL}/auth/reset/{token}"


def reset_is_open(token: str) -> bool:
    """Tell whether a link can still be used."""
    return queries.find_reset(digest(token), now()) is not None


def reset_password(token: str, password: str, origin: Origin) -> User:
    """Set a new password by a link; sessions, tokens and other links die. Raises NotFound, Invalid."""
    row = queries.find_reset(digest(token), now(), lock=True)
    if row is None:
        noun = "link (any more)"
        raise NotFound(noun)
    user = get_user(row.user_id)
    session().refresh(user, with_for_update=True)
    set_password(user, password, origin.actor(user.name, user.id), user.last_workspace_id)
    row.used_at = now()
    session().flush()
    return user
