"""The WSGI entry: gunicorn and the flask command load `wsgi:app`."""

import sys

from app import create_app
from config import ConfigError

try:
    app = create_app()
except ConfigError as problem:
    sys.exit(f"The environment is not as it must be.\n{problem}")
