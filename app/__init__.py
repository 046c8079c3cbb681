"""The application factory: it alone (with the command line) sees every room."""

import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

import click
from flask import Blueprint, Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from app.core import log, metrics, redis
from app.core.db import db
from app.core.web import answers, assets, components, context, flash, format, limits, template  # noqa: A004 (the room's word for it)
from app.core.web.guard import csrf
from app.delivery.hits import Journal
from app.delivery.tokens import Signer
from app.delivery.tracker import Tracker
from config import Config

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("core", "jobs", "events", "audit", "workspaces", "auth", "customers", "segments", "content", "delivery", "campaigns", "analytics")
"""From the lowest floor up."""
LAYERS = ("models", "events", "jobs", "handlers", "gauges", "views", "api")
_YEAR = 31_536_000


def create_app(config: Config | None = None) -> Flask:
    """Build the application. Without `config`, the environment is read; a bad value is refused by name."""
    config = config or Config.from_env()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.extensions["fairlead_config"] = config
    app.config.from_mapping(settings(config))
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True, compare_server_default=False)
    redis.init_app(app)
    csrf.init_app(app)
    for part in (limits, answers, log, metrics, context, flash, format, template, assets, components):
        part.init_app(app)
    load_rooms(app)
    load_commands(app)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(ROOT / "static" / "dist"),
        prefix="static/",
        max_age=_YEAR,
        autorefresh=config.TESTING,
        allow_all_origins=False,
        add_headers_function=answers.harden_file,
    )
    journal = app.extensions["hits"] = Journal(config.REDIS_URL, config.DATABASE_URL)
    app.wsgi_app = Tracker(app.wsgi_app, Signer(config.LINK_KEYS), journal)  # type: ignore[assignment,method-assign]
    if config.TRUSTED_PROXIES:
        hops = config.TRUSTED_PROXIES
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def settings(config: Config) -> dict[str, object]:
    """Return Flask's configuration: our variables, and what the extensions make of them."""
    secure = config.PUBLIC_URL.startswith("https://")
    return (
        config.model_dump()
        | {
            "SQLALCHEMY_DATABASE_URI": config.DATABASE_URL,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "pool_size": config.DB_POOL_SIZE,
                "max_overflow": 4,
                "pool_pre_ping": True,
                "hide_parameters": True,  # they are people's data and digests of secrets: not for logs, nor for pages of failed work
                "connect_args": {
                    "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=120000",
                    "application_name": "fairlead",
                    "keepalives_idle": 10,
                    "keepalives_interval": 5,
                    "keepalives_count": 3,
                    "tcp_user_timeout": 30000,  # milliseconds; a server that vanished is given up in half a minute
                },
            },
            "SECRET_KEY": config.SECRET_KEYS[0],
            "SECRET_KEY_FALLBACKS": list(config.SECRET_KEYS[1:]),
            "SESSION_COOKIE_NAME": "__Host-fairlead" if secure else "fairlead",
            "SESSION_COOKIE_SECURE": secure,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "WTF_CSRF_CHECK_DEFAULT": False,
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_ENABLED": True,
            "WTF_CSRF_SSL_STRICT": True,
            "MAX_CONTENT_LENGTH": 16 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        }
    )


def load_rooms(app: Flask) -> None:
    """Import every room's tables, events, jobs and handlers, and register its pages and endpoints."""
    for layer in LAYERS:
        for room in ROOMS:
            module = _load(f"app.{room}.{layer}")
            if module is None:
                continue
            for found in vars(module).values():
                if isinstance(found, Blueprint) and found.name not in app.blueprints:
                    app.register_blueprint(found)
            if hasattr(module, "init_app"):
                module.init_app(app)


def load_commands(app: Flask) -> None:
    """Add every command found in a module of app/cli."""
    for found in pkgutil.iter_modules([str(ROOT / "app" / "cli")]):
        for command in vars(importlib.import_module(f"app.cli.{found.name}")).values():
            if isinstance(command, click.Command):
                app.cli.add_command(command)


def _load(name: str) -> ModuleType | None:
    room, _, _ = name.rpartition(".")
    return importlib.import_module(name) if importlib.util.find_spec(room) and importlib.util.find_spec(name) else None
