"""How gunicorn runs the web process: threads, because pages wait for the database more than they compute."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

from config import Config, ConfigError, in_url

try:
    _config = Config.from_env()
except ConfigError as problem:
    sys.exit(f"The environment is not as it must be.\n{problem}")

bind = f"{in_url(_config.HOST)}:{_config.PORT}"
worker_class = "gthread"
workers = _config.WEB_WORKERS
threads = _config.WEB_THREADS
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (heartbeats that must not wait for a disk)
preload_app = True  # imported once, its memory shared; connections are made after the fork
timeout = 120
graceful_timeout = 6  # less than the launcher and systemd wait
keepalive = 5
limit_request_line = 8190  # filters live in the address
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides whom to believe, in the application
control_socket_disable = True
accesslog = None  # the application writes one line for each request

_own_metrics = "" if _config.PROMETHEUS_MULTIPROC_DIR else tempfile.mkdtemp(prefix="fairlead-metrics-")
if _own_metrics:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _own_metrics  # read by prometheus_client when it is imported, in the processes to come


def when_ready(_server: Any) -> None:
    """Keep the collector from touching, and so copying, what all workers share. Called before they are forked."""
    gc.collect()
    gc.freeze()


def worker_exit(_server: Any, worker: Any) -> None:
    """Leave at once when all requests are answered: taking the interpreter apart would copy all its memory first, seconds on a busy machine."""
    if worker.booted:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the gauges of a worker that is gone; its counters stay."""
    multiprocess.mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    """Take the folder of metrics away if it is ours."""
    if _own_metrics:
        shutil.rmtree(_own_metrics, ignore_errors=True)
