"""Registers the mailer with `flask worker`."""

from app.delivery.mailer import engine
from app.jobs.programs import program

program("mailer", "MAIL_WORKERS")(engine.run)
