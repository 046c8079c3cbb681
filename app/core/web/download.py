"""Files that are sent while they are made: memory stays flat, and no transaction is open while the other side reads."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context


def csv_file(name: str, heading: Sequence[str], pieces: Iterable[Iterable[Sequence[str]]]) -> Response:
    """Return a CSV answer (UTF-8, RFC 4180) of the pieces, each sent when it is ready."""

    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(heading)
        for rows in pieces:
            writer.writerows(rows)
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    return Response(stream_with_context(lines()), mimetype="text/csv", headers=headers)
