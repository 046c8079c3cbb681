"""Work of this room, split by noun."""

from app.delivery.jobs.confirmations import ask_imported, ask_many
from app.delivery.jobs.credit import credit_again, credit_orders
from app.delivery.jobs.mail import forget_mail
from app.delivery.jobs.mailings import put_rest_away
from app.delivery.jobs.seen import note_seen
from app.delivery.jobs.simulation import simulate

__all__ = ["ask_imported", "ask_many", "credit_again", "credit_orders", "forget_mail", "note_seen", "put_rest_away", "simulate"]
