"""Made-up people of a made-up shop: the same ones each time, spread as real ones are."""

import math
import random
import unicodedata
import uuid
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

PEOPLE = 2_000
DAYS = 730
_FIRST = (  # noqa: SIM905 (a list of quoted words is harder to read)
    "Adaeze Björn Camille Daniel Eun-ji Farid Greta Hana Isla Jamal Katarzyna Liam Mateo Nadia Oluwaseun Priya Quentin Rosa Sven Tomoko "
    "Umar Valentina Wanjiru Ximena Yusuf Zoë Aaron Beatriz Chen Dmitri Elif François Giulia Hugo Ingrid João Kofi Leila Mei Noah Olga Pablo "
    "Ravi Saoirse Thandi Ulrike Victor Wei Yara Zainab Emma Oliver Ava James Mia Lucas Sofia Ethan Amelia Mason"
).split()
_LAST = (  # noqa: SIM905 (as above)
    "Okonkwo Halvorsen Deschamps Reyes Park Nazari Lindqvist Sato MacLeod Whitaker Wiśniewska O’Connell Herrera Haddad Adeyemi Raman Moreau "
    "Costa Nilsson Tanaka Farouk Russo Kamau Vargas Demir Brandt Cohen Almeida Wang Petrov Yıldız Girard Conti Schäfer Dahl Santos Mensah "
    "Karimi Zhang Fischer Ivanova Gómez Patel Byrne Dlamini Weber Novák Li Rahman Hughes Clarke Wright Walker Hall Young King Baker Turner"
).split()
_PLACES = (
    ("US", 44, ("Portland", "Denver", "Seattle", "Boise", "Austin", "Boston")),
    ("GB", 14, ("Leeds", "Bristol", "Edinburgh", "Cardiff")),
    ("DE", 11, ("Hamburg", "München", "Leipzig")),
    ("CA", 9, ("Vancouver", "Calgary", "Montréal")),
    ("FR", 8, ("Lyon", "Grenoble", "Nantes")),
    ("SE", 5, ("Göteborg", "Umeå")),
    ("NL", 5, ("Utrecht", "Groningen")),
    ("ES", 4, ("Bilbao", "Granada")),
)
_DOMAINS = (
    "lagoonmail",
    "fjordpost",
    "cactuspost",
    "deltamail",
    "norrmail",
    "poczta",
    "emeraldpost",
    "grandearche",
    "hillmail",
    "quaypost",
)
_TAGS = (("trail", 0.32), ("ski", 0.18), ("climb", 0.15), ("camp", 0.25), ("b2b", 0.05))
PRODUCTS = (
    ("TR-01", "Trail shoe Skald", "Footwear", 12_900),
    ("TR-02", "Wool socks, three pairs", "Footwear", 3_600),
    ("CA-01", "Tent Nunatak 2", "Camping", 44_900),
    ("CA-02", "Sleeping bag Firn", "Camping", 23_900),
    ("CA-03", "Stove and pot", "Camping", 8_400),
    ("CL-01", "Rope 60 m", "Climbing", 18_500),
    ("CL-02", "Chalk bag", "Climbing", 2_400),
    ("SK-01", "Ski touring gloves", "Winter", 7_900),
    ("SK-02", "Merino base layer", "Winter", 9_500),
    ("AC-01", "Headlamp 400 lm", "Accessories", 5_900),
    ("AC-02", "Steel bottle", "Accessories", 2_900),
)
PAGES = ("/", "/tents", "/trail-shoes", "/climbing", "/winter", "/guides/layering", "/stores", "/sale")
MAILINGS = ("Autumn trail guide", "Winter preview", "Spring sale", "Members’ weekend", "Tent season", "Last call: sale")
TIERS = ("Basecamp", "Ridge", "Summit")
_IMPORTANT = 150_000


@dataclass
class Person:
    """One customer with all that is known of them; money in cents."""

    number: int
    values: dict[str, Any]
    keen: float
    consent: str | None
    suppressed: bool
    orders: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)


def people(now: datetime, count: int = PEOPLE) -> Iterator[Person]:
    """Yield `count` people as of `now`; the n-th is the same whatever `count` is."""
    for number in range(1, count + 1):
        rnd = random.Random(number)  # noqa: S311 (nothing here is a secret)
        person = _person(rnd, number, now)
        _shop(rnd, person, now)
        _read(rnd, person, now)
        _label(person)
        yield person


def _person(rnd: random.Random, number: int, now: datetime) -> Person:
    first, last = rnd.choice(_FIRST), rnd.choice(_LAST)
    country, _, cities = rnd.choices(_PLACES, [weight for _, weight, _ in _PLACES])[0]
    joined = now - timedelta(days=DAYS * rnd.random() ** 1.4, seconds=rnd.randrange(86_400))
    keen = rnd.paretovariate(1.6) - 1
    values: dict[str, Any] = {
        "external_id": f"N{number:05}",
        "email": f"{_plain(first)}.{_plain(last)}{number}@{rnd.choice(_DOMAINS)}.example" if _chance(rnd, 0.97) else None,
        "phone": f"+1555{rnd.randrange(1_000_000, 9_999_999)}" if _chance(rnd, 0.4) else None,
        "first_name": first if _chance(rnd, 0.95) else None,
        "last_name": last if _chance(rnd, 0.93) else None,
        "company": rnd.choice(("Lindqvist Guides", "Ridge & Co", "Fell Runners Club")) if _chance(rnd, 0.05) else None,
        "country": country,
        "city": rnd.choice(cities),
        "birthday": date(rnd.randrange(1948, 2006), rnd.randrange(1, 13), rnd.randrange(1, 29)) if _chance(rnd, 0.6) else None,
        "gender": rnd.choice(("female", "male", None)),
        "tags": sorted(tag for tag, share in _TAGS if _chance(rnd, share)),
        "origin": rnd.choices(("import", "form", "api", "page"), (60, 25, 12, 3))[0],
        "created_at": joined,
        "updated_at": joined,
    }
    values["attributes"] = {
        "tier": TIERS[0],
        "points": 0,
        "newsletter_since": joined.date().isoformat(),
        "wants_catalogue": _chance(rnd, 0.3),
    }
    consent = rnd.choices(("subscribed", "unsubscribed", "pending", None), (78, 8, 4, 10))[0] if values["email"] else None
    return Person(number, values, keen, consent, suppressed=values["email"] is not None and _chance(rnd, 0.006))


def _plain(name: str) -> str:
    """Write a name as the front of an address: marks fall off, letters without a Latin base too."""
    bare = unicodedata.normalize("NFKD", name.lower().replace("ø", "o").replace("ı", "i").replace("ł", "l"))
    return "".join(c for c in bare if c.isascii() and (c.isalnum() or c == "-")).strip("-") or "person"


def _shop(rnd: random.Random, person: Person, now: datetime) -> None:
    joined: datetime = person.values["created_at"]
    for n in range(min(int(person.keen * 3 * rnd.random() + rnd.random() * 0.9), 40)):
        at = joined + (now - joined) * rnd.random() ** 0.9
        lines: list[dict[str, Any]] = [
            {"sku": sku, "name": name, "category": category, "quantity": 1 + _chance(rnd, 0.15), "unit_amount": price}
            for sku, name, category, price in rnd.sample(PRODUCTS, rnd.choice((1, 1, 1, 2, 2, 3)))
        ]
        amount = sum(line["quantity"] * line["unit_amount"] for line in lines)
        order = {"external_id": f"O{person.number:05}-{n + 1}", "amount": amount, "ordered_at": at, "refund_of": None, "lines": lines}
        person.orders.append(order)
        if _chance(rnd, 0.05):
            back = min(at + timedelta(days=rnd.randrange(2, 25)), now)
            person.orders.append(
                order
                | {
                    "external_id": order["external_id"] + "-R",
                    "amount": -amount,
                    "ordered_at": back,
                    "lines": [],
                    "refund_of": order["external_id"],
                }
            )


def _read(rnd: random.Random, person: Person, now: datetime) -> None:
    """Visits, and what became of six mailings of the last 200 days."""
    joined: datetime = person.values["created_at"]
    for _ in range(min(int(person.keen * 4 * rnd.random()), 60)):
        at = joined + (now - joined) * rnd.random() ** 0.7
        _act(person, rnd, "visited", at, None, {"path": rnd.choice(PAGES)})
    if person.consent != "subscribed":
        return
    habit = 1 - math.exp(-0.5 - person.keen)
    for source, _ in enumerate(MAILINGS):
        sent = now - timedelta(days=200 - 34 * source, hours=rnd.random() * 2)
        if sent < joined:
            continue
        _act(person, rnd, "sent", sent, source, None)
        if _chance(rnd, 0.55) * habit:
            opened = sent + timedelta(hours=rnd.expovariate(1 / 9))
            _act(person, rnd, "opened", min(opened, now), source, None)
            if _chance(rnd, 0.22):
                _act(
                    person,
                    rnd,
                    "clicked",
                    min(opened + timedelta(minutes=2), now),
                    source,
                    {"url": "https://northlight.example" + rnd.choice(PAGES)},
                )


def _act(person: Person, rnd: random.Random, kind: str, at: datetime, source: int | None, data: dict[str, Any] | None) -> None:
    person.activities.append(
        {"kind": kind, "occurred_at": at, "source": source, "data": data, "event_id": uuid.UUID(int=rnd.getrandbits(128))}
    )


def _chance(rnd: random.Random, share: float) -> bool:
    return rnd.random() < share


def _label(person: Person) -> None:
    """Stage, tier, points and the tag vip follow from what was bought (cents)."""
    spent = sum(order["amount"] for order in person.orders)
    if spent > 0:
        person.values["stage"] = ("customer", "customer", "evangelist")[bisect((80_000, 200_000), spent)]
    else:
        person.values["stage"] = "lead" if person.activities else "subscriber"
    person.values["attributes"] |= {"tier": TIERS[bisect((40_000, 120_000), spent)], "points": max(spent, 0) // 100}
    if spent > _IMPORTANT:
        person.values["tags"] = sorted({*person.values["tags"], "vip"})
