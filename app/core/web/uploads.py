"""Files on their way in: streamed into `core.files` while they arrive; memory stays flat, nothing touches a disk."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, Any, cast

from flask import current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from app.core.db import session
from app.core.errors import Invalid, TooLarge
from app.core.files import CHUNK, File, Writer, create, delete, taken

_SLACK = CHUNK
"""Bytes that the other fields of the form and its boundaries may take, and a body that brings no file."""
_PARTS = 50
"""Fields of a form that brings a file; each is kept in memory."""
_MULTIPART = "multipart/form-data"
_NO_FILE = {"file": "The body is multipart/form-data with a file in the field “file”."}


class _Sink:
    """What the parser writes a file to; it goes back to the beginning at the end, which means nothing here."""

    def __init__(self, workspace_id: int, name: str, content_type: str, limit: int) -> None:
        self.writer = Writer(workspace_id, name, content_type, limit)

    def write(self, data: bytes) -> int:
        """Take bytes."""
        return self.writer.write(data)

    def seek(self, _offset: int) -> None:
        """Stay at the end."""


def most() -> int:
    """Return how many bytes a file may have."""
    return int(current_app.config["MAX_UPLOAD_MB"]) * CHUNK


def most_says() -> str:
    """Return the limit in words: `1 GB`, `500 MB` (powers of 1,024, as the setting counts)."""
    return _in_words(int(current_app.config["MAX_UPLOAD_MB"]))


def _in_words(size: int) -> str:
    return f"{size // 1024:,} GB" if size % 1024 == 0 else f"{size:,} MB"


def take_file() -> None:
    """Let this request bring a file, also one that has to be parsed for the token in its form. Raises TooLarge where it says itself too long.

    Only a multipart body may be long: any other is read into memory whole.
    """
    if request.mimetype != _MULTIPART:
        request.max_content_length = _SLACK
        return
    if (request.content_length or 0) > most() + _SLACK:
        raise TooLarge(f"The file is larger than {most_says()}.")
    request.max_content_length = most() + _SLACK
    request.max_form_memory_size, request.max_form_parts = CHUNK, _PARTS


@contextmanager
def received(workspace_id: int) -> Iterator[tuple[File, MultiDict[str, str]]]:
    """Give the multipart field `file` as a kept file, and the other fields; what is refused inside leaves no file behind.

    Raises TooLarge over MAX_UPLOAD_MB or MAX_FILES_MB, Invalid where there is no file.
    """
    take_file()
    _check_room(workspace_id)
    limit = most()
    file, form = _kept(workspace_id, limit) if "files" in request.__dict__ else _streamed(workspace_id, limit)
    try:
        yield file, form
    except BaseException:
        session().rollback()
        delete(workspace_id, file.id)
        session().commit()
        raise


def _check_room(workspace_id: int) -> None:
    most_kept = int(current_app.config["MAX_FILES_MB"])
    if taken(workspace_id) + (request.content_length or 1) > most_kept * CHUNK + _SLACK:
        way_out = "Discard files that were not imported, or wait: a file goes 30 days after its import."
        reason = f"The files of this workspace may take {_in_words(most_kept)} together. {way_out}"
        raise TooLarge(reason)


def _kept(workspace_id: int, limit: int) -> tuple[File, MultiDict[str, str]]:
    """Keep a file that was parsed already, because the token of the form had to be read."""
    found = request.files.get("file")
    if found is None or not found.filename:
        raise Invalid({"file": "Choose a file."})
    with closing(found.stream):
        pieces = iter(lambda: found.stream.read(CHUNK), b"")
        return create(workspace_id, found.filename, found.mimetype, pieces, limit), cast("MultiDict[str, str]", request.form)


def _streamed(workspace_id: int, limit: int) -> tuple[File, MultiDict[str, str]]:
    """Write the file while it arrives."""
    if request.mimetype != _MULTIPART:
        raise Invalid(_NO_FILE)
    sinks: list[_Sink] = []

    def sink(**says: Any) -> IO[bytes]:
        if sinks:
            raise Invalid({"file": "One file at a time."})
        sinks.append(_Sink(workspace_id, says["filename"] or "file.csv", says["content_type"] or "text/csv", limit))
        return cast("IO[bytes]", sinks[0])

    request.max_content_length = limit + _SLACK
    parser = FormDataParser(cast("Any", sink), max_form_memory_size=CHUNK, max_content_length=limit + _SLACK, max_form_parts=_PARTS)
    try:
        _, form, found = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
        return _finished(sinks, "file" in found), form
    except BaseException:
        if sinks:
            sinks[0].writer.abandon()
        raise


def _finished(sinks: list[_Sink], here: bool) -> File:  # noqa: FBT001 (one fact)
    if not sinks or not here:
        raise Invalid(_NO_FILE)
    return sinks[0].writer.finish()
