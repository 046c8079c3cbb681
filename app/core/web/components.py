"""The page for developers that shows every macro in each state; there only in debug and embedded mode."""

from datetime import timedelta

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from app.core import time
from app.core.errors import Invalid
from app.core.web.form import Form
from app.core.web.pages import Pages
from app.core.web.principal import Principal

_DAYS = 28
_REVENUE = (
    488,
    554,
    516,
    567,
    936,
    650,
    548,
    684,
    529,
    487,
    653,
    2355,
    1618,
    1085,
    902,
    650,
    16324,
    9287,
    5275,
    3432,
    2157,
    8930,
    5265,
    3109,
)
_COST = (13, 11, 11, 11, 471, 11, 11, 11, 11, 11, 11, 2064, 11, 11, 11, 11, 6426, 11, 11, 11, 11, 973, 11, 11)
_MEMBERS = (
    4068,
    4071,
    4069,
    4078,
    4080,
    4074,
    4082,
    4088,
    4085,
    4090,
    4096,
    4091,
    4099,
    4102,
    4106,
    4104,
    4127,
    4139,
    4136,
    4141,
    4158,
    4163,
)
_PEOPLE = (
    ("Adaeze Okonkwo", "adaeze.okonkwo@lagoonmail.example", "subscribed", ("vip", "trail"), 31, 481240, 94),
    (
        "Camille Deschamps-Beauregard de la Tour",
        "camille.deschamps-beauregard@grandearchemail.example",
        "unconfirmed",
        ("vip",),
        22,
        396800,
        81,
    ),
    ("Farid Nazari", "farid@nazari.example", "unsubscribed", ("trail", "b2b"), 16, 332000, 22),
    ("H02917", "h02917@hillstrom.example", "bounced", (), 0, 0, None),
)


class _Sample(BaseModel):
    sender: str
    limit: int
    zone: str
    born: str
    note: str
    sandbox: bool
    overwrite: str


def _form() -> Form[_Sample]:
    initial = {
        "sender": "hello@northlight",
        "limit": 50,
        "zone": "UTC",
        "sandbox": True,
        "overwrite": "empty",
        "note": "",
        "born": "1988-06-08",
    }
    form = Form(_Sample, initial=initial)
    form.errors = Invalid({"sender": "The part after @ needs an ending, such as northlight.example.", "": "Nothing was saved."}).errors
    return form


def _charts() -> dict[str, dict[str, object]]:
    first = time.now() - timedelta(days=_DAYS)
    days = [f"{day:%-d %b}" for day in (first + timedelta(days=n) for n in range(len(_REVENUE)))]
    money = [
        {"name": "Revenue", "kind": "bar", "colour": "c1", "values": [v * 100 for v in _REVENUE]},
        {"name": "Cost", "kind": "bar", "colour": "c2", "values": [v * 100 for v in _COST]},
        {"name": "Revenue before", "kind": "before", "values": [v * 80 for v in reversed(_REVENUE)]},
    ]
    band = [0.21, 0.39, 0.48, 0.67, 0.59, 0.72, 0.7, 0.75, 0.8, 0.76, 0.81, 0.79, 0.77, 0.77]
    lift = {
        "name": "Difference in click rate",
        "kind": "band",
        "values": [v / 100 for v in band],
        "low": [(v - 1.9 / (n + 1) ** 0.5) / 100 for n, v in enumerate(band)],
        "high": [(v + 1.9 / (n + 1) ** 0.5) / 100 for n, v in enumerate(band)],
    }
    return {
        "revenue": {"x": days, "unit": "money", "series": money},
        "members": {"x": days[: len(_MEMBERS)], "unit": "count", "series": [{"name": "Members", "kind": "line", "values": list(_MEMBERS)}]},
        "lift": {"x": [f"Day {n + 1}" for n in range(len(band))], "unit": "rate", "series": [lift], "zero": "no difference"},
    }


def show(_caller: Principal) -> ResponseReturnValue:
    """Show every part in each of its states."""
    return render_template("core/components.html", form=_form(), charts=_charts(), people=_PEOPLE, now=time.now(), timedelta=timedelta)


def init_app(app: Flask) -> None:
    """Add `/_components` where developers work."""
    if app.debug or app.config.get("EMBEDDED") or app.config.get("TESTING"):
        pages = Pages("components", __name__)
        pages.get("/_components", signed_in=True)(show)
        app.register_blueprint(pages)
