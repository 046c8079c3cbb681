"""A message ready to leave."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Item:
    """A rendered message with its envelope. `wire` is its bytes as SMTP takes them, without the last dot."""

    message_id: int
    mailing_id: int
    workspace_id: int
    sender_id: int
    return_path: bytes
    recipient: bytes
    utf8: bool
    subject: str
    wire: bytes
    attempts: int
    claimed: bool = False
