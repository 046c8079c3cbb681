"""`make run` after the installation: servers, schema, demo, processes, address."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from app.core.services import keys
from app.core.services.errors import ServiceError
from app.core.services.instance import Instance
from app.core.services.postgres import Postgres
from app.core.services.processes import Processes
from app.core.services.schema import is_current
from app.core.services.servers import kept_home
from app.core.services.valkey import Valkey
from config import Config, ConfigError, in_url, is_loopback

PROJECT = Path(__file__).resolve().parents[3]
_NAMED_LATER = {"DATABASE_URL": "postgresql://127.0.0.1/later", "REDIS_URL": "redis://127.0.0.1/0"}
"""Stand in for servers not started yet, so that a bad setting is refused before anything is started."""
_KEYRINGS = ("SECRET_KEYS", "LINK_KEYS", "CREDENTIAL_KEYS")
_LOGIN = "admin", "admin123"
Lost = Callable[[], str | None]


def run(folder: Path, environ: Mapping[str, str]) -> int:
    """Run Fairlead until it is stopped; return the exit code. Data, secrets and the lock are in `folder`."""
    instance = Instance(folder)
    try:
        with _signals_unwind(), ExitStack() as stack:
            stack.enter_context(instance.hold())
            settings = _settings(environ, folder)
            Config.from_env(_NAMED_LATER | settings)
            wait_for_port(settings["HOST"], int(settings["PORT"]), 12 if instance.clear_up() else 0)
            found, lost = stack.enter_context(servers(folder, environ))
            settings |= found
            config = Config.from_env(settings)
            instance.note(config.PUBLIC_URL, settings)
            child = child_environment(environ, settings)
            upgrade(config, child)
            demo(config, folder, child)
            return _serve(config, instance, settings, child, lost)
    except ConfigError as problem:
        return _refuse(f"The environment is not as it must be.\n{problem}")
    except ServiceError as problem:
        return _refuse(str(problem))
    except KeyboardInterrupt:
        return 130


def execute(folder: Path, environ: Mapping[str, str], argv: list[str]) -> int:
    """Run a command, such as `flask create-admin`, with the settings of the Fairlead that runs in `folder`."""
    note = Instance(folder).read()
    if not note:
        return _refuse("Fairlead is not running in this folder: start it with make run first.")
    return subprocess.run(argv, check=False, cwd=PROJECT, env=child_environment(environ, note["environment"])).returncode


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """Let TERM and HUP end the launcher in order while it is still starting, as Ctrl-C does."""

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, leave) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _settings(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the settings that do not depend on the servers: what the environment says, kept secrets, a loopback address."""
    given = {name: environ[name] for name in Config.model_fields if environ.get(name, "").strip() and name not in {"EMBEDDED", "TESTING"}}
    settings = {"HOST": "127.0.0.1", "PORT": "8000", "EMBEDDED": "" if "DATABASE_URL" in given else "1", "TESTING": "", **given}
    secrets = keys.kept(folder / "secrets.env")
    for name in _KEYRINGS:
        settings.setdefault(name, secrets[name])
    if is_loopback(settings["HOST"]):
        settings.setdefault("PUBLIC_URL", f"http://{in_url(settings['HOST'])}:{settings['PORT']}")
    metrics = folder / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    settings.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
    return settings


@contextmanager
def servers(folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[dict[str, str], Lost]]:
    """Start the servers that the environment does not name; yield their addresses, and what tells whether one has ended by itself."""
    secrets = keys.kept(folder / "secrets.env")
    found: dict[str, str] = {}
    started: list[Postgres | Valkey] = []
    with ExitStack() as stack:
        wants_database, wants_redis = (not environ.get(name, "").strip() for name in ("DATABASE_URL", "REDIS_URL"))
        home, who = kept_home(folder) if wants_database or wants_redis else (folder, None)
        if wants_database and who:
            postgres = Postgres(home, who, secrets["POSTGRES_PASSWORD"], environ)
            stack.callback(postgres.stop)
            found["DATABASE_URL"] = postgres.start()
            started.append(postgres)
        if wants_redis and who:
            valkey = Valkey(home, who, secrets["VALKEY_PASSWORD"])
            stack.callback(valkey.stop)
            found["REDIS_URL"] = valkey.start()
            started.append(valkey)
        yield found, lambda: next((says for server in started if (says := server.lost())), None)


def wait_for_port(host: str, port: int, patience: float) -> None:
    """Return when the port is free; what an earlier run left gets `patience` seconds to end. Raises ServiceError."""
    until = time.monotonic() + patience
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as problem:
                if time.monotonic() > until:
                    reason = f"Port {port} on {host} cannot be used ({problem.strerror}). Choose another: PORT={port + 1} make run"
                    raise ServiceError(reason) from None
            else:
                return
        time.sleep(0.2)


def child_environment(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: ours, the settings, and the virtual environment first in the path."""
    path = os.pathsep.join(part for part in (str(Path(sys.executable).parent), environ.get("PATH", os.defpath)) if part)
    return {**environ, **settings, "PATH": path, "PYTHONUNBUFFERED": "1"}


def upgrade(config: Config, child: Mapping[str, str]) -> None:
    """Bring the schema up to date. Raises ServiceError."""
    if not is_current(config.DATABASE_URL, PROJECT / "migrations" / "versions"):
        _say("Bringing the database up to date …")
        _flask("db", "upgrade", child=child)


def demo(config: Config, folder: Path, child: Mapping[str, str]) -> None:
    """Fill the demo workspace at the first start on an embedded database; never on one that somebody named."""
    made = (folder / "servers").resolve() / "demo-made"
    if config.EMBEDDED and not made.exists():
        _say("Making the demo workspace …")
        _flask("demo", child=child)
        made.touch()


def _flask(*command: str, child: Mapping[str, str]) -> None:
    argv = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    done = subprocess.run(argv, check=False, cwd=PROJECT, env=dict(child), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        reason = f"flask {' '.join(command)} failed:\n{done.stdout[-4000:]}"
        raise ServiceError(reason)


def _serve(config: Config, instance: Instance, settings: Mapping[str, str], child: Mapping[str, str], lost: Lost) -> int:
    def announce(processes: Processes) -> None:
        instance.note(config.PUBLIC_URL, settings, processes.pids())
        if _answers(config):
            instance.note(config.PUBLIC_URL, settings, processes.pids())
            _welcome(config)

    processes = Processes(PROJECT / "Procfile", child, announce, lost)
    processes.loop()
    if processes.lost:
        return _refuse(f"{processes.lost.rstrip()}\nSo all were stopped. Nothing that was saved is lost: make run goes on from here.")
    if processes.asked:
        return 0
    return _refuse("A process ended by itself, so all were stopped. Its last lines above say why.")


def _answers(config: Config) -> bool:
    """Wait until the web process answers; tell whether it does within a minute."""
    for _ in range(600):
        with suppress(OSError, HTTPException), closing(HTTPConnection(config.HOST, config.PORT, timeout=2)) as connection:
            connection.request("GET", "/health/live")
            if connection.getresponse().status == HTTPStatus.OK:
                return True
        time.sleep(0.1)
    return False


def _welcome(config: Config) -> None:
    who = f"Sign in as {_LOGIN[0]}, password {_LOGIN[1]}. " if config.EMBEDDED else "Make the first user with: make flask DO=create-admin. "
    _say(f"\n  Fairlead is ready at {config.PUBLIC_URL}\n  {who}Ctrl-C stops it; the data is kept.\n")


def _say(text: str) -> None:
    print(text, flush=True)


def _refuse(text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return 1
