"""Forms of imports as a browser without a script fills and sends them."""

import io
import re
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.customers.models import Import
from tests.factories.auth import Browser

PEOPLE = (
    "email,First name,points,birthday,plan\nada@a.example,Ada,1200,21/11/1990,pro\nbjorn@b.example,Björn,15,3/4/1988,free\nbad@@,X,1,,pro\n"
)


def sent(browser: Browser, data: bytes | str) -> int:
    """Send a file and return the number of its import."""
    answer = browser.post("/customers/import", {"file": (io.BytesIO(data.encode() if isinstance(data, str) else data), "people.csv")})
    assert answer.status_code == 303, answer.text
    return int(re.fullmatch(r"/customers/imports/(\d+)/columns", answer.location)[1])  # type: ignore[index]


def text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def row_of(browser: Browser, number: int, session: Session) -> Import:
    session.expire_all()
    return session.scalars(sa.select(Import).where(Import.workspace_id == browser.workspace_id, Import.id == number)).one()


def fields(page: str) -> dict[str, str]:
    """Return what the form of the columns would send, as a browser would."""
    found = dict(re.findall(r'<input class="form-control" id="label-\d+" name="(label-\d+)" value="([^"]*)"', page))
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = re.findall(r'<option value="([^"]*)"[^>]* selected>', inner)[0]
    found |= dict(re.findall(r'type="radio" id="[^"]+" name="([^"]+)" value="([^"]*)" checked', page))
    return found
