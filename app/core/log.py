"""One JSON line for each request, job and mishap, each with what it belongs to: request, user, workspace."""

import logging
import sys
import time

import structlog
from flask import Flask, Response, g, request

_QUIET = ("/static/", "/health")


def configure(level: str) -> None:
    """Write JSON lines to standard output, ours and those of libraries alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    render: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,  # the trace as text, without the values of local variables: those may be secrets
        structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def init_app(app: Flask) -> None:
    """Give each request a line: the route's pattern rather than its address, because addresses may hold tokens."""
    if not app.config["TESTING"]:
        configure(app.config["LOG_LEVEL"])
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.get("request_id"))


def _end(response: Response) -> Response:
    if not request.path.startswith(_QUIET):
        route = request.url_rule.rule if request.url_rule else "unknown"
        taken = round(1000 * (time.perf_counter() - g.began), 1) if "began" in g else None
        structlog.get_logger().info("request", method=request.method, route=route, status=response.status_code, ms=taken)
    return response
