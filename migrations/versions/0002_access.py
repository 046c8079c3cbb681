"""audit, workspaces, auth: tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002_access"
down_revision = "0001_core"

MOMENT = sa.DateTime(timezone=True)
ROLE = "role IN ('owner', 'admin', 'marketer', 'analyst', 'client')"
SEND = "NOT may_send OR role IN ('owner', 'admin', 'marketer')"
TABLES = (
    "sign_in_throttle",
    "password_resets",
    "recovery_codes",
    "refresh_tokens",
    "api_keys",
    "sessions",
    "invitations",
    "memberships",
    "users",
    "brands",
    "audit_log",
)
KEEP_AUDIT = """
create function audit_log_is_kept() returns trigger language plpgsql as $$
begin
    -- Whoever keeps the log short is a member of a role of that name; the application is not.
    if exists (select from pg_roles where rolname = 'fairlead_retention' and pg_has_role(current_user, oid, 'member')) then
        return coalesce(new, old);
    end if;
    raise exception 'The audit log is only ever added to.' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_is_kept before update or delete on audit_log for each row execute function audit_log_is_kept();
"""


def upgrade() -> None:
    """Make the tables."""
    _audit()
    _brands()
    _users()
    _memberships()
    _invitations()
    _sessions()
    _api_keys()
    _refresh_tokens()
    _small()


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop function audit_log_is_kept()")


def _audit() -> None:
    op.create_table(
        "audit_log",
        _id(),
        sa.Column("workspace_id", sa.Integer),
        _moment("at"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("key_id", sa.BigInteger),
        sa.Column("address", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.BigInteger),
        sa.Column("subject_name", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    for name, columns in {
        "at": (),
        "user_id": ("user_id",),
        "action": ("action",),
        "subject": ("subject_kind", "subject_id"),
    }.items():
        op.create_index(f"ix_audit_log_workspace_id_{name}", "audit_log", ["workspace_id", *columns, "at", "id"])
    op.execute(KEEP_AUDIT)


def _brands() -> None:
    op.create_table(
        "brands",
        _id(),
        _workspace("brands"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("colour", sa.Text),
        sa.Column("accent", sa.Text),
        sa.Column("logo_file_id", sa.BigInteger, sa.ForeignKey("files.id", ondelete="SET NULL", name="fk_brands_logo_file_id")),
        *(sa.Column(name, sa.Text) for name in ("from_name", "from_email", "reply_to", "postal_address", "zone", "currency")),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_brands"),
        sa.UniqueConstraint("workspace_id", "id", name="uq_brands_workspace_id_id"),
    )
    op.create_index("uq_brands_name", "brands", ["workspace_id", sa.text("lower(name)")], unique=True)


def _users() -> None:
    op.create_table(
        "users",
        _id(),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("username", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("auth_version", sa.Integer, nullable=False),
        sa.Column("totp_secret", sa.Text),
        sa.Column("totp_since", MOMENT),
        sa.Column("totp_last_step", sa.BigInteger, nullable=False),
        sa.Column("locale", sa.Text),
        sa.Column("demo", sa.Boolean, nullable=False),
        _place("last_workspace_id", "users", "SET NULL"),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_index("uq_users_username", "users", [sa.text("lower(username)")], unique=True)


def _memberships() -> None:
    op.create_table(
        "memberships",
        _id(),
        _workspace("memberships"),
        _user("memberships"),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("may_send", sa.Boolean, nullable=False),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("workspace_id", "user_id", name="uq_memberships_workspace_id_user_id"),
        sa.CheckConstraint(ROLE, name=op.f("ck_memberships_role")),
        sa.CheckConstraint(SEND, name=op.f("ck_memberships_may_send")),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])


def _invitations() -> None:
    inviter = sa.ForeignKey("users.id", ondelete="SET NULL", name="fk_invitations_invited_by")
    op.create_table(
        "invitations",
        _id(),
        _workspace("invitations"),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("may_send", sa.Boolean, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("invited_by", sa.BigInteger, inviter),
        _moment("expires_at"),
        sa.Column("accepted_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_digest", name="uq_invitations_token_digest"),
        sa.CheckConstraint(ROLE, name=op.f("ck_invitations_role")),
        sa.CheckConstraint(SEND, name=op.f("ck_invitations_may_send")),
    )
    still_open = sa.text("accepted_at IS NULL AND revoked_at IS NULL")
    op.create_index(
        "uq_invitations_open", "invitations", ["workspace_id", sa.text("lower(email)")], unique=True, postgresql_where=still_open
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        _id(),
        sa.Column("token_digest", sa.Text, nullable=False),
        _user("sessions"),
        _place("in_workspace", "sessions", "SET NULL"),
        sa.Column("auth_version", sa.Integer, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("user_agent", sa.Text),
        *(_moment(name) for name in ("created_at", "last_seen_at", "expires_at")),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_digest", name="uq_sessions_token_digest"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        _id(),
        _workspace("api_keys"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        _user("api_keys", "created_by"),
        _moment("created_at"),
        *(sa.Column(name, MOMENT) for name in ("expires_at", "last_used_at")),
        sa.Column("last_used_from", sa.Text),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("token_digest", name="uq_api_keys_token_digest"),
    )
    op.create_index("ix_api_keys_workspace_id_id", "api_keys", ["workspace_id", "id"])
    op.create_index("ix_api_keys_created_by", "api_keys", ["created_by"])


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        _id(),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("family", sa.Uuid, nullable=False),
        _user("refresh_tokens"),
        _place("for_workspace", "refresh_tokens", "CASCADE", nullable=False),
        sa.Column("auth_version", sa.Integer, nullable=False),
        *(_moment(name) for name in ("created_at", "expires_at")),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("token_digest", name="uq_refresh_tokens_token_digest"),
    )
    for column in ("family", "user_id", "expires_at"):
        op.create_index(f"ix_refresh_tokens_{column}", "refresh_tokens", [column])


def _small() -> None:
    op.create_table(
        "recovery_codes",
        _id(),
        _user("recovery_codes"),
        sa.Column("code_digest", sa.Text, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("user_id", "code_digest", name="uq_recovery_codes_user_id_code_digest"),
    )
    op.create_table(
        "password_resets",
        _id(),
        _user("password_resets"),
        sa.Column("token_digest", sa.Text, nullable=False),
        _created(),
        _moment("expires_at"),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_password_resets"),
        sa.UniqueConstraint("token_digest", name="uq_password_resets_token_digest"),
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"])
    op.create_table(
        "sign_in_throttle",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        _moment("wait_until"),
        _moment("forget_at"),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_throttle"),
        prefixes=["UNLOGGED"],
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False)


def _created() -> sa.Column[object]:
    return sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now())


def _workspace(table: str) -> sa.Column[int]:
    return _place("workspace_id", table, "CASCADE", nullable=False)


def _place(column: str, table: str, at_end: str, *, nullable: bool = True) -> sa.Column[int]:
    key = sa.ForeignKey("workspaces.id", ondelete=at_end, name=f"fk_{table}_{column}")
    return sa.Column(column, sa.Integer, key, nullable=nullable)


def _user(table: str, column: str = "user_id") -> sa.Column[int]:
    key = sa.ForeignKey("users.id", ondelete="CASCADE", name=f"fk_{table}_{column}")
    return sa.Column(column, sa.BigInteger, key, nullable=False)
