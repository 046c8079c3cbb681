"""Words that somebody is writing: rendered and kept for some minutes, so that a frame of the editor can show them."""

import hashlib
import json

from app.content.render.compiled import Rendered
from app.core import redis
from app.core.errors import NotFound, Unavailable

SECONDS = 600


def keep(workspace_id: int, mail: Rendered) -> str:
    """Keep a rendered mail and return its key. Raises Unavailable without Redis: a draft is no truth, and lives nowhere else."""
    kept = json.dumps([mail.html, mail.text])
    key = hashlib.sha256(kept.encode()).hexdigest()
    try:
        redis.client().set(_name(workspace_id, key), kept, ex=SECONDS)
    except redis.Error:
        raise Unavailable("The preview rests: Redis does not answer. Saving works.") from None
    return key


def read(workspace_id: int, key: str) -> tuple[str, str]:
    """Return the HTML and the text of a draft. Raises NotFound once it is forgotten."""
    try:
        kept = redis.client().get(_name(workspace_id, key))
    except redis.Error:
        raise Unavailable("The preview rests: Redis does not answer. Saving works.") from None
    if not isinstance(kept, bytes):
        raise NotFound("preview")
    html, text = json.loads(kept)
    return html, text


def _name(workspace_id: int, key: str) -> str:
    return f"fl:draft:{workspace_id}:{key}"
