"""The tables of core, for whoever needs to see them all."""

from app.core.files import File, FileChunk
from app.core.kept_answers import IdempotencyKey

__all__ = ["File", "FileChunk", "IdempotencyKey"]
