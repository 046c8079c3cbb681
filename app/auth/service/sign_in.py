"""Coming in: password, then the one-time code where the account asks for one."""

from functools import cache

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries, totp
from app.auth.models import RecoveryCode, User
from app.auth.origin import Origin, is_loopback
from app.auth.service import throttle
from app.core import settings
from app.core.db import session
from app.core.errors import Unauthorized
from app.core.security import check_password, digest, hash_password, random_token, unseal
from app.core.time import now

WRONG = "Name and password do not fit together."
WRONG_CODE = "This code is not right, or was used already. Take the one your app shows now."


def check_login(login: str, password: str, origin: Origin) -> User:
    """Return the user with this address or user name whose password this is.

    An unknown name takes as long as a wrong password and gets the same words. Raises Unauthorized, TooMany.
    """
    user, known = queries.find_by_login(login, origin.address)
    counted = throttle.counters(login, origin.address, known=known)
    throttle.begin(counted)
    fits = check_password(password, user.password_hash if user else _nobody())
    if user is None or not fits or not may_come_from(user.demo, origin.host):
        _note_refused(user, origin, _why(user, origin))
        raise Unauthorized(WRONG)
    throttle.passed(counted)
    return user


def may_come_from(demo: bool, host: str) -> bool:  # noqa: FBT001 (a fact about the user, not a switch)
    """Tell whether a user may use this Host: the demo user only on the embedded database and only by a loopback name."""
    return not demo or (settings.get().EMBEDDED and is_loopback(host))


def check_code(user_id: int, code: str, origin: Origin) -> User:
    """Return the user if the one-time or recovery code is right and unused; it is used up. Raises Unauthorized, TooMany."""
    counted = throttle.counters(f"code {user_id}", origin.address, known=False)
    throttle.begin(counted)
    user = queries.user_for_update(user_id)
    if not use_code(user, code):
        _note_refused(user, origin, "wrong code")
        raise Unauthorized(WRONG_CODE)
    throttle.passed(counted)
    return user


def use_code(user: User, code: str) -> bool:
    """Use up a one-time code or a recovery code of a locked user; False if it is neither."""
    if user.totp_secret is None:
        return False
    step = totp.accepted_step(unseal(user.totp_secret), code, now(), user.totp_last_step)
    if step is not None:
        user.totp_last_step = step
        session().flush()
        return True
    plain = totp.plain_recovery_code(code)
    if plain is None or user.totp_since is None:
        return False
    mine = sa.update(RecoveryCode).where(
        RecoveryCode.user_id == user.id, RecoveryCode.code_digest == digest(plain), RecoveryCode.used_at.is_(None)
    )
    return session().execute(mine.values(used_at=now()).returning(RecoveryCode.id)).first() is not None


def note_signed_in(user: User, origin: Origin, workspace_id: int | None, how: str) -> None:
    """Leave a trace of somebody who came in, `how`: `session` or `api`."""
    by = origin.actor(user.name, user.id)
    audit.record(workspace_id, by, "user.signed_in", ("user", user.id, user.name), None, {"how": how})


def _why(user: User | None, origin: Origin) -> str:
    if user is None:
        return "unknown name"  # not which: people type their password there
    return "wrong password" if may_come_from(user.demo, origin.host) else "demo user from elsewhere"


def _note_refused(user: User | None, origin: Origin, why: str) -> None:
    """Leave a trace, for unknown names too: else the time that writing takes would tell them from known ones."""
    by = origin.actor("Somebody", None)  # whoever it was, it need not have been the user
    places: list[int | None] = [workspace.id for _, workspace in queries.memberships_of(user.id)] if user else []
    for workspace_id in places or [None]:
        audit.record_refused(workspace_id, by, "user.signed_in", why, ("user", user.id, user.name) if user else ("user", None, ""))


@cache
def _nobody() -> str:
    """Return a hash that no password fits, as dear to check as a real one."""
    return hash_password(random_token())
