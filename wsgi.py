"""The WSGI entry: gunicorn and the flask command load `wsgi:app`."""

import gc
import sys

gc.disable()  # nothing that is imported is garbage: looking for some took a sixth of the start

from app import create_app  # noqa: E402 (the collector rests first)
from config import ConfigError  # noqa: E402

try:
    app = create_app()
except ConfigError as problem:
    sys.exit(f"The environment is not as it must be.\n{problem}")
finally:
    gc.enable()
