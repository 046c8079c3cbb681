"""Forms about customers: the schemas of the API, with what a form sends differently."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Blank, OptionalLine, Schema, Text
from app.customers.schemas.customers import Basis, Channel, ConsentGiven, CustomerIn, CustomerPatch, Tags


def _commas(value: object) -> object:
    """Split tags at commas: a form sends them as one text."""
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return [part for entry in value for part in entry.split(",")]
    return value


FormTags = Annotated[Tags, BeforeValidator(_commas)]
Wording = Annotated[Annotated[Text, Field(max_length=2000)] | None, Blank]


class NewCustomerForm(CustomerIn):
    """A new customer, with the consent to e-mail they gave."""

    tags: FormTags = []
    consent_state: Annotated[Literal["subscribed", "pending"] | None, Blank] = None
    consent_source: OptionalLine = None
    consent_wording: Wording = None

    def given(self) -> CustomerIn:
        """Return the customer as the service takes it."""
        said = self.consent_state
        source = self.consent_source or "Added by hand"
        consent = [ConsentGiven(state=said, source=source, wording=self.consent_wording)] if said else []
        values = {name: getattr(self, name) for name in CustomerIn.model_fields if name != "consent"}
        return CustomerIn.model_construct(**values, consent=consent)


class CustomerForm(CustomerPatch):
    """All fields of a customer as the form shows them."""

    tags: FormTags = []


class ConsentForm(Schema):
    """Consent recorded by a person: what was said, how it is known, in which words. `place` is channel and topic: `email:3`."""

    place: Annotated[str, Field(pattern=r"^(email|sms|phone|post):[0-9]{1,18}$")]
    state: Literal["subscribed", "pending", "unsubscribed"]
    basis: Annotated[Basis | None, Blank] = None
    source: Annotated[str, Field(min_length=1, max_length=200)]
    wording: Wording = None

    def given(self) -> ConsentGiven:
        """Return the consent as the service takes it."""
        channel, _, topic = self.place.partition(":")
        names: dict[str, Channel] = {"email": "email", "sms": "sms", "phone": "phone", "post": "post"}
        return ConsentGiven(
            channel=names[channel], topic_id=int(topic), state=self.state, basis=self.basis, source=self.source, wording=self.wording
        )


class BulkTagForm(Schema):
    """Tags for many."""

    add: FormTags = []
    remove: FormTags = []


class BulkStageForm(Schema):
    """A stage for many."""

    stage: Literal["subscriber", "lead", "mql", "sql", "customer", "evangelist"]


class BulkDeleteForm(Schema):
    """Deleting many."""

    keep_suppressed: bool = False


class SuppressForm(Schema):
    """Addresses typed or pasted, one a line."""

    emails: Annotated[Text, Field(min_length=1, max_length=100_000)]
    reason: Literal["bounce", "complaint", "unsubscribe", "manual", "compliance"] = "manual"
    note: OptionalLine = None
