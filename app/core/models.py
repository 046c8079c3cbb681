"""The tables of core, for whoever needs to see them all."""

from app.core.files import File, FileChunk
from app.core.web.idempotency import IdempotencyKey

__all__ = ["File", "FileChunk", "IdempotencyKey"]
