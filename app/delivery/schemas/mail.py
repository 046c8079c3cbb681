"""The list of what the sandbox caught."""

from typing import Annotated

from pydantic import Field

from app.core.schemas import Blank, Id, ListQuery, Storable


class MailQuery(ListQuery):
    """Newest first; `q` looks into recipients and subjects, `mailing` shows what one campaign sent."""

    q: Annotated[str, Field(max_length=200), Storable] = ""
    mailing: Annotated[Id | None, Blank] = None
