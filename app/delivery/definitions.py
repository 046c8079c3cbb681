"""What each figure means, once: pages say it on hover, the API in its description. Pure."""

from typing import Final

DEFINITIONS: Final = {
    "sent": "Messages that the receiving server took. One person in two campaigns counts twice.",
    "delivered": "Sent, less those that came back later.",
    "opened": "People, each once a message, whose opening was not a machine’s, of delivered.",
    "clicked": "People, each once a message, who clicked at least one link and are no machine, of delivered.",
    "ordered": "People, each once a message, with an order credited to their last click on it, of delivered.",
    "unsubscribed": "People who unsubscribed by a link of the message, of delivered.",
    "complained": "People who reported the message as unwanted, of delivered.",
    "bounced": "Addresses refused for good by their server, at once or later, of all that were tried.",
    "orders": "Purchases made in this time and credited to a message: the last one the person clicked before, within the workspace’s window.",
    "revenue": "What these orders brought, less refunds, by the day of the order, in the workspace’s currency.",
    "cost": "What was entered as cost of the campaigns launched in this time.",
    "return": "What came back for each unit spent, less that unit.",
    "customers": "People in this workspace at the end of this time; new: created in it.",
}
"""By the name of the figure."""
FORMULAS: Final = {
    "delivered": "sent − bounced later",
    "opened": "openers ÷ delivered",
    "clicked": "clickers ÷ delivered",
    "ordered": "people who ordered ÷ delivered",
    "unsubscribed": "people ÷ delivered",
    "bounced": "refused ÷ (sent + refused at once)",
    "return": "(revenue − cost) ÷ cost",
}
"""How those that are computed are computed."""
