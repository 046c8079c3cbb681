"""Removing what has ended: a day late, so that nothing goes while somebody looks at it."""

from datetime import timedelta

import sqlalchemy as sa

from app.auth.models import PasswordReset, RefreshToken, SignInThrottle, UserSession
from app.auth.service.sessions import idle_limit
from app.core.db import session
from app.core.time import now

_LATE = timedelta(days=1)


def purge() -> None:
    """Remove sessions, refresh tokens and reset links past their time.

    A used refresh token stays until its end, so that a thief's late use is still seen.
    """
    late = now() - _LATE
    past = sa.or_(UserSession.expires_at < late, UserSession.last_seen_at < late - idle_limit())
    session().execute(sa.delete(UserSession).where(past))
    session().execute(sa.delete(RefreshToken).where(RefreshToken.expires_at < late))
    session().execute(sa.delete(PasswordReset).where(PasswordReset.expires_at < late))
    session().execute(sa.delete(SignInThrottle).where(SignInThrottle.forget_at < late))
