"""Customers as templates see them, and who lacks what."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.content.queries.brands import brand_facts
from app.content.queries.people import contexts, lacking, vocabulary
from app.core.errors import NotFound
from tests.factories.customers import a_customer, a_field, a_workspace, stats
from tests.factories.workspaces import brand
from tests.support import counted


def test_the_words_of_a_workspace_are_its_fields_and_the_fixed_ones(session: Session) -> None:
    place, other = a_workspace(), a_workspace()
    a_field(place.id, "plan", label="Plan")
    a_field(other.id, "secret")
    words = vocabulary(place.id)
    assert {"customer.first_name", "customer.fields.plan", "customer.stats.lifetime_value", "customer.tags", "brand.name"} <= set(
        words.names
    )
    assert {"customer.fields.secret", "customer.consent.email"} & set(words.names) == set()
    assert words.near("customer.fields.plam") == "customer.fields.plan"
    assert words.near("xyz") is None


def test_only_what_is_used_is_loaded_and_money_is_in_whole_units(session: Session) -> None:
    place = a_workspace(currency="USD")
    a_field(place.id, "plan")
    a_field(place.id, "saved", "money")
    ada = a_customer(
        place.id, first_name="Ada", birthday=date(1990, 1, 2), tags=["vip"], attributes={"plan": "pro", "saved": 1250, "gone": 1}
    )
    bob = a_customer(place.id, first_name="Bob")
    stats(ada, lifetime_value=481240)
    stranger = a_customer(a_workspace().id)
    ids = [ada.id, bob.id, stranger.id, 2**40]
    uses = frozenset({"customer.first_name", "customer.fields.plan", "customer.fields.saved", "customer.fields.gone", "customer.tags"})
    uses |= {"customer.stats.lifetime_value", "brand.name"}
    assert contexts(place.id, ids, uses) == {
        ada.id: {
            "customer": {
                "id": ada.id,
                "first_name": "Ada",
                "tags": ["vip"],
                "fields": {"plan": "pro", "saved": Decimal("12.50")},
                "stats": {"lifetime_value": Decimal("4812.40")},
            }
        },
        bob.id: {
            "customer": {
                "id": bob.id,
                "first_name": "Bob",
                "tags": [],
                "fields": {"plan": None, "saved": None},
                "stats": {"lifetime_value": Decimal("0.00")},
            }
        },
    }
    assert contexts(place.id, [bob.id], frozenset()) == {bob.id: {"customer": {"id": bob.id, "tags": [], "fields": {}, "stats": {}}}}


def test_any_number_of_people_takes_the_same_few_statements(session: Session) -> None:
    place = a_workspace()
    a_field(place.id, "plan")
    people = [a_customer(place.id).id for _ in range(5)]
    uses = frozenset({"customer.first_name", "customer.fields.plan", "customer.stats.orders_count"})
    with counted() as seen:
        contexts(place.id, people[:1], uses)
    one = len(seen)
    with counted() as seen:
        contexts(place.id, people, uses)
    assert (one, len(seen)) == (2, 2)


def test_who_lacks_a_field_is_counted_among_the_newest(session: Session) -> None:
    place = a_workspace()
    a_field(place.id, "plan")
    a_customer(place.id, company="Pier Works", attributes={"plan": ""}, tags=["vip"])
    stats(a_customer(place.id, company="", birthday=date(1990, 1, 2)), orders_count=1)
    a_customer(place.id, attributes={"plan": "pro"})
    a_customer(a_workspace().id)
    paths = ["customer.company", "customer.fields.plan", "customer.tags", "customer.birthday", "customer.stats.last_order_at", "nonsense"]
    assert lacking(place.id, paths) == (
        {
            "customer.company": 2,
            "customer.fields.plan": 2,
            "customer.tags": 2,
            "customer.birthday": 2,
            "customer.stats.last_order_at": 3,
        },
        3,
    )


def test_a_mail_speaks_for_the_brand_it_is_said_to(session: Session) -> None:
    place, other = a_workspace(currency="EUR", zone="Europe/Oslo"), a_workspace()
    assert brand_facts(place.id)["name"] == place.name
    brand(place.id, "Alpha", postal_address="1 Way")
    beta = brand(place.id, "Beta", zone="Asia/Tokyo")
    assert brand_facts(place.id) == {"name": "Alpha", "postal_address": "1 Way", "currency": "EUR", "locale": "en", "zone": "Europe/Oslo"}
    assert brand_facts(place.id, beta.id) == {"name": "Beta", "postal_address": "", "currency": "EUR", "locale": "en", "zone": "Asia/Tokyo"}
    with pytest.raises(NotFound):
        brand_facts(other.id, beta.id)
