from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.files import CHUNK, File, FileChunk, Writer, forget_unfinished
from app.core.time import now
from tests.factories.workspaces import workspace


def test_files_whose_writer_was_killed_go_after_a_day(session: Any) -> None:
    here = workspace().id
    killed, young, whole = (Writer(here, name, "text/csv", 2 * CHUNK) for name in ("killed", "young", "whole"))
    for writer in (killed, young, whole):
        writer.write(b"x" * (CHUNK + 1))
    whole.finish()
    old = sa.update(File).where(File.workspace_id == here, File.name != "young")
    session.execute(old.values(created_at=now() - timedelta(hours=25)))
    assert forget_unfinished(now()) is True
    assert forget_unfinished(now()) is False
    assert set(session.scalars(sa.select(File.name).where(File.workspace_id == here))) == {"young", "whole"}
    assert not session.scalars(sa.select(FileChunk.number).where(FileChunk.file_id == killed.file_id)).all()
