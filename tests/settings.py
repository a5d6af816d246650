"""The project's settings as tests and static checks need them: nothing from this machine.

Only environment variables are set here, so that a test that starts a program of ours
starts it with the same ones; every setting itself comes from `meshes.settings`.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FORGOTTEN = (
    "ALERT_FROM ALLOWED_HOSTS CANARY_EVERY_S CSRF_TRUSTED_ORIGINS DESTINATIONS_ALLOW_PRIVATE "
    "DELIVERY_RETENTION_DAYS EMAIL_URL LOG_FORMAT LOG_LEVEL METRICS_TOKEN PUBLIC_URL REDIS_URL "
    "OTEL_EXPORTER_OTLP_ENDPOINT SENTRY_DSN "
    "WEB_CONCURRENCY WORKER_PROCESSES WORKER_SENDERS THROTTLE_EVENTS_PER_SECOND "
    "THROTTLE_EVENTS_BURST THROTTLE_API_PER_SECOND THROTTLE_API_BURST "
    "THROTTLE_RETRIES_PER_SECOND THROTTLE_RETRIES_BURST "
    "THROTTLE_ACCOUNT_PER_SECOND SECRET_KEY_FILE CREDENTIAL_KEYS_FILE "
    "DATABASE_URL_FILE SECRET_KEY_FALLBACKS STATIC_ROOT "
    "TRUSTED_PROXIES SIGN_IN_TRIES SIGN_IN_LOCK_MINUTES REQUIRE_SECOND_FACTOR "
    "SESSION_IDLE_HOURS SESSION_LONGEST_HOURS"
).split()
FOLDER = Path(tempfile.gettempdir()) / f"meshes-tests-{os.getuid()}-{os.getpid()}"

for name in FORGOTTEN:
    os.environ.pop(name, None)
os.environ |= {
    "ENV_FILE": os.devnull,
    "DEBUG": "false",
    "SECRET_KEY": "tests-only-8f3kq0Zr5TnYw2LhVbXc7MdJg4PsAe9U",
    "CREDENTIAL_KEYS": "dGVzdHMtb25seS1ub3QtYS1zZWNyZXQtMzItYnl0ZXM=",
    "EMAIL_URL": "memorymail://",
    "CANARY_EVERY_S": "0",
}
if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER / 'meshes.sqlite3'}"
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

from meshes.settings import *  # noqa: E402, F403
from meshes.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"] == "meshes.sqlite":
    # A file, because threads and programs of their own must see the same rows.
    here = Path(DATABASES["default"]["NAME"])
    DATABASES["default"]["TEST"] = {"NAME": str(here.with_name(f"test_{here.name}"))}
else:
    # Nothing that a test wrote has to survive the server.
    options = DATABASES["default"].setdefault("OPTIONS", {})
    options["options"] = "-c synchronous_commit=off"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
