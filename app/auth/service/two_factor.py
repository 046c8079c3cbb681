"""One-time codes: switched on with a first code, off with the password."""

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries, totp
from app.auth.models import RecoveryCode, User
from app.auth.service.sign_in import WRONG_CODE, use_code
from app.auth.service.users import confirm_password, end_everything
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.security import digest, seal, unseal
from app.core.time import now


def begin_totp(user_id: int) -> str:
    """Return the secret to show: the one begun before, or a new one. Raises Conflict where codes are on already."""
    user = queries.user_for_update(user_id)
    if user.totp_since is not None:
        reason = "One-time codes are on already."
        raise Conflict(reason)
    if user.totp_secret is None:
        user.totp_secret = seal(totp.new_secret())
        session().flush()
    return unseal(user.totp_secret)


def confirm_totp(user_id: int, code: str, by: Actor, workspace_id: int | None) -> tuple[User, list[str]]:
    """Switch codes on with the first one, and return recovery codes, which are shown once. Other sessions end.

    Raises Invalid where the code is wrong, Conflict where codes are on already.
    """
    user = queries.user_for_update(user_id)
    if user.totp_since is not None:
        reason = "One-time codes are on already."
        raise Conflict(reason)
    if not use_code(user, code):
        raise Invalid({"code": WRONG_CODE})
    user.totp_since = now()
    codes = _new_codes(user)
    end_everything(user)
    audit.record(workspace_id, by, "user.totp_on", ("user", user.id, user.name))
    return user, codes


def renew_recovery_codes(user_id: int, password: str, by: Actor, workspace_id: int | None) -> list[str]:
    """Replace the recovery codes and return the new ones. Raises Invalid, Conflict."""
    user = queries.user_for_update(user_id)
    if user.totp_since is None:
        reason = "One-time codes are off."
        raise Conflict(reason)
    confirm_password(user, password, by)
    codes = _new_codes(user)
    audit.record(workspace_id, by, "user.recovery_codes_renewed", ("user", user.id, user.name))
    return codes


def stop_totp(user_id: int, password: str, by: Actor, workspace_id: int | None) -> User:
    """Switch codes off; the password shows that it is really you. Other sessions end. Raises Invalid."""
    user = queries.user_for_update(user_id)
    confirm_password(user, password, by)
    user.totp_secret, user.totp_since = None, None
    session().execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    end_everything(user)
    audit.record(workspace_id, by, "user.totp_off", ("user", user.id, user.name))
    return user


def _new_codes(user: User) -> list[str]:
    session().execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = totp.new_recovery_codes()
    session().execute(sa.insert(RecoveryCode), [{"user_id": user.id, "code_digest": digest(code)} for code in codes])
    session().flush()
    return codes
