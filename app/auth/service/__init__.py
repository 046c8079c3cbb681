"""The verbs of this room, for other rooms and for its own edge."""

from app.auth.service.invitations import (
    accept_as_member,
    accept_as_new,
    get_invitation,
    has_account,
    invite,
    renew_invitation,
    revoke_invitation,
)
from app.auth.service.keys import PREFIX, USED_EVERY, create_key, revoke_key, touch_key
from app.auth.service.members import change_member, create_membership, get_member, leave, may_give, remove_member
from app.auth.service.purge import purge
from app.auth.service.resets import ask_reset, create_reset, reset_is_open, reset_password
from app.auth.service.sessions import (
    SEEN_EVERY,
    absolute_limit,
    drop_session,
    end_session,
    idle_limit,
    move_session,
    renew_session,
    start_session,
    touch_session,
)
from app.auth.service.sign_in import check_code, check_login, may_come_from, note_signed_in
from app.auth.service.spaces import create_workspace, enter_workspace
from app.auth.service.tokens import end_family, login, refresh
from app.auth.service.two_factor import begin_totp, confirm_totp, renew_recovery_codes, stop_totp
from app.auth.service.users import (
    change_email,
    change_password,
    create_user,
    get_user,
    log_out_everywhere,
    set_preferences,
    update_account,
)

__all__ = [
    "PREFIX",
    "SEEN_EVERY",
    "USED_EVERY",
    "absolute_limit",
    "accept_as_member",
    "accept_as_new",
    "ask_reset",
    "begin_totp",
    "change_email",
    "change_member",
    "change_password",
    "check_code",
    "check_login",
    "confirm_totp",
    "create_key",
    "create_membership",
    "create_reset",
    "create_user",
    "create_workspace",
    "drop_session",
    "end_family",
    "end_session",
    "enter_workspace",
    "get_invitation",
    "get_member",
    "get_user",
    "has_account",
    "idle_limit",
    "invite",
    "leave",
    "log_out_everywhere",
    "login",
    "may_come_from",
    "may_give",
    "move_session",
    "note_signed_in",
    "purge",
    "refresh",
    "remove_member",
    "renew_invitation",
    "renew_recovery_codes",
    "renew_session",
    "reset_is_open",
    "reset_password",
    "revoke_invitation",
    "revoke_key",
    "set_preferences",
    "start_session",
    "stop_totp",
    "touch_key",
    "touch_session",
    "update_account",
]
