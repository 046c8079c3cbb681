"""Consent of a customer, and topics."""

from app.core.web.api import Api
from app.core.web.principal import Principal
from app.customers.queries import consent as queries
from app.customers.queries.customers import get_row
from app.customers.schemas.consent import ConsentOut, LogOut, StandingOut, TopicIn, TopicOut, TopicsOut
from app.customers.schemas.customers import ConsentGiven
from app.customers.service import consent as service

api = Api("consent", __name__)


@api.get("/customers/<int:customer_id>/consent", permission="customers.view", returns=ConsentOut, summary="Get a customer's consent")
def get_consent(caller: Principal, customer_id: int) -> ConsentOut:
    """Return how a customer stands to channels and topics, with the history."""
    get_row(caller.workspace_id, customer_id)
    return _shown(caller.workspace_id, customer_id)


@api.post(
    "/customers/<int:customer_id>/consent",
    permission="customers.edit",
    body=ConsentGiven,
    returns=ConsentOut,
    summary="Record consent given or taken",
)
def set_consent(caller: Principal, customer_id: int, body: ConsentGiven) -> ConsentOut:
    """Record consent with its source and wording."""
    get_row(caller.workspace_id, customer_id)
    service.set_consent(caller.workspace_id, [customer_id], body, caller.actor)
    return _shown(caller.workspace_id, customer_id)


@api.get("/topics", permission="customers.view", returns=TopicsOut, summary="List topics")
def list_topics(caller: Principal) -> TopicsOut:
    """Return the topics by name."""
    return TopicsOut(items=[TopicOut.model_validate(row) for row in queries.list_topics(caller.workspace_id)])


@api.post("/topics", permission="customers.edit", body=TopicIn, returns=TopicOut, status=201, summary="Create a topic")
def create_topic(caller: Principal, body: TopicIn) -> TopicOut:
    """Make a topic."""
    return TopicOut.model_validate(service.create_topic(caller.workspace_id, body.name, body.description))


def _shown(workspace_id: int, customer_id: int) -> ConsentOut:
    standings = [
        StandingOut(
            channel=at.channel,
            topic_id=at.topic.id if at.topic else 0,
            topic=at.topic.name if at.topic else None,
            state=at.row.state if at.row else None,
            basis=at.row.basis if at.row else None,
            source=at.row.source if at.row else None,
            occurred_at=at.row.occurred_at if at.row else None,
        )
        for at in queries.standings(workspace_id, customer_id)
    ]
    return ConsentOut(standings=standings, history=[LogOut.model_validate(row) for row in queries.list_log(workspace_id, customer_id)])
