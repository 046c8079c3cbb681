"""Is this really a picture we may show? Looks at the bytes, never at the name. Pure."""

LIMIT = 1024 * 1024
"""Bytes a logo may have."""
_MARKS = (
    ("image/png", b"\x89PNG\r\n\x1a\n", 0),
    ("image/jpeg", b"\xff\xd8\xff", 0),
    ("image/gif", b"GIF87a", 0),
    ("image/gif", b"GIF89a", 0),
    ("image/webp", b"WEBP", 8),
)
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What is taken. SVG is not: it can carry script."""


def type_of(head: bytes) -> str | None:
    """Return the type of a picture from its first 12 bytes, or None where it is none that is taken."""
    for kind, mark, at in _MARKS:
        if head[at : at + len(mark)] == mark and (kind != "image/webp" or head[:4] == b"RIFF"):
            return kind
    return None
