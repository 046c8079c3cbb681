"""Files (uploads, exports, media) as 1 MB chunks in PostgreSQL: every host sees them, one backup has them."""

import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant, any_workspace, get, session
from app.core.errors import TooLarge

CHUNK = 1024 * 1024
"""Bytes in each chunk but the last."""
UNFINISHED_KEPT = timedelta(days=1)
"""A file that is not ready by then never will be: the process that wrote it was killed."""


class File(Tenant, Model):
    """A named run of bytes. `ready` once all of it is here."""

    __tablename__ = "files"
    __table_args__ = (sa.Index("ix_files_workspace_id_created_at", "workspace_id", "created_at"),)
    noun = "file"
    id: Mapped[BigId]
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(default=0)
    ready: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]


class FileChunk(Model):
    """Bytes `number * CHUNK` to `(number + 1) * CHUNK` of a file."""

    __tablename__ = "file_chunks"
    file_id: Mapped[Annotated[int, mapped_column(sa.ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)]]
    number: Mapped[Annotated[int, mapped_column(sa.Integer, primary_key=True)]]
    data: Mapped[bytes]


class Writer(io.RawIOBase):
    """Writes a file while it arrives; each full chunk is committed, so that memory stays flat and no transaction stays open."""

    def __init__(self, workspace_id: int, name: str, content_type: str, limit: int) -> None:
        super().__init__()
        self._buffer = bytearray()
        self._number = self._size = 0
        self._limit = limit
        said = [text.replace("\0", "")[:255] for text in (name, content_type)]  # a stranger's words: PostgreSQL keeps no NUL
        row = File(workspace_id=workspace_id, name=said[0], content_type=said[1])
        session().add(row)
        session().commit()
        self.file_id, self._workspace_id = row.id, workspace_id

    def writable(self) -> bool:
        """Say that this stream takes bytes."""
        return True

    def write(self, data: object) -> int:
        """Take bytes. Raises TooLarge past the limit."""
        piece = bytes(data)  # type: ignore[call-overload]
        self._size += len(piece)
        if self._size > self._limit:
            reason = f"The file is larger than {self._limit // CHUNK:,} MB."
            raise TooLarge(reason)
        self._buffer += piece
        while len(self._buffer) >= CHUNK:
            self._put(CHUNK)
        return len(piece)

    def finish(self) -> File:
        """Keep the rest and mark the file ready. The caller commits."""
        if self._buffer:
            self._put(len(self._buffer))
        row = get(File, self._workspace_id, self.file_id)
        row.size, row.ready = self._size, True
        session().flush()
        return row

    def abandon(self) -> None:
        """Remove what has arrived."""
        session().rollback()
        delete(self._workspace_id, self.file_id)
        session().commit()

    def _put(self, length: int) -> None:
        chunk = {"file_id": self.file_id, "number": self._number, "data": bytes(self._buffer[:length])}
        session().execute(sa.insert(FileChunk).values(chunk))
        session().commit()
        del self._buffer[:length]
        self._number += 1


class Reader(io.RawIOBase):
    """A readable, seekable view of a file; holds one chunk at a time."""

    def __init__(self, file_id: int, size: int) -> None:
        super().__init__()
        self._file_id, self.size = file_id, size
        self._at = 0
        self._number = -1
        self._chunk = b""

    def readable(self) -> bool:
        """Say that this stream gives bytes."""
        return True

    def seekable(self) -> bool:
        """Say that this stream can jump."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in bytes and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = min(max(base + offset, 0), self.size)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Fill the buffer from the present chunk; 0 at the end."""
        if self._at >= self.size:
            return 0
        view = memoryview(buffer)  # type: ignore[arg-type]
        number, offset = divmod(self._at, CHUNK)
        if number != self._number:
            query = sa.select(FileChunk.data).where(FileChunk.file_id == self._file_id, FileChunk.number == number)
            self._chunk, self._number = session().execute(query).scalar_one(), number
        piece = self._chunk[offset : offset + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def taken(workspace_id: int) -> int:
    """Return how many bytes the files of a workspace take, those under way left out."""
    return int(session().scalar(sa.select(sa.func.sum(File.size)).where(File.workspace_id == workspace_id)) or 0)


def open_file(workspace_id: int, file_id: int) -> io.BufferedReader:
    """Return a buffered binary stream over a ready file. Raises NotFound."""
    row = get(File, workspace_id, file_id)
    return io.BufferedReader(Reader(row.id, row.size), buffer_size=CHUNK)


def create(workspace_id: int, name: str, content_type: str, pieces: Iterable[bytes], limit: int) -> File:
    """Keep `pieces` as a new file of at most `limit` bytes and return it; commits as it goes."""
    writer = Writer(workspace_id, name, content_type, limit)
    try:
        for piece in pieces:
            writer.write(piece)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise


def forget_unfinished(moment: datetime) -> bool:
    """Delete one file whose writer died more than a day before `moment`; True while there may be more."""
    old = sa.select(File.id).where(File.ready.is_(False), File.created_at < moment - UNFINISHED_KEPT).order_by(File.id).limit(1)
    statement = sa.delete(File).where(File.id.in_(old)).returning(File.id)
    return session().execute(any_workspace(statement.execution_options(synchronize_session=False))).first() is not None


def delete(workspace_id: int, file_id: int) -> None:
    """Remove a file with its chunks, if it is there."""
    session().execute(sa.delete(File).where(File.workspace_id == workspace_id, File.id == file_id))
