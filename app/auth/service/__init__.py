"""The verbs of this room, for other rooms and for its own edge."""

from app.auth.service.invitations import (
    accept_as_member,
    accept_as_new,
    get_invitation,
    has_account,
    invite,
    revoke_invitation,
)
from app.auth.service.keys import create_key, revoke_key, touch_key
from app.auth.service.members import change_member, create_membership, leave, remove_member
from app.auth.service.resets import ask_reset, create_reset, reset_is_open, reset_password
from app.auth.service.sessions import (
    end_session,
    idle_limit,
    absolute_limit,
    renew_session,
    start_session,
    touch_session,
)
from app.auth.service.sign_in import check_code, check_login, may_come_from, note_signed_in
from app.auth.service.spaces import create_workspace, enter_workspace
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
