"""Settings: every value that an operator may set is read here, typed, once.

A feature is on when its variable is set; nothing is production-only. Secrets
also come from files: `SECRET_KEY_FILE=/run/secrets/key` and so on.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from meshes import api_description, logs, secrets_at_start, sign_in_settings, theme, transport
from meshes.environment import Environment, make_folder, postgresql_options

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
environ.Env.read_env(env.str("ENV_FILE", str(BASE_DIR / ".env")))

# Safety ------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY, CREDENTIAL_KEYS = secrets_at_start.read(env, debug=DEBUG, folder=BASE_DIR / "var")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
DESTINATIONS_ALLOW_PRIVATE = env.bool("DESTINATIONS_ALLOW_PRIVATE", False)
HTTPS = PUBLIC_URL.startswith("https://")
vars().update(transport.settings_for(https=HTTPS))
SIGN_IN = sign_in_settings.read(env)
vars().update(sign_in_settings.for_django(SIGN_IN))
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the largest field mapping in its editor

# Application -------------------------------------------------------------------------
UNFOLD = theme.UNFOLD
SIMPLE_HISTORY_REVERT_DISABLED = True
INSTALLED_APPS = [
    *theme.APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "django_q",
    "meshes",
    "connections",
    "rules",
    "deliveries",
]
MIDDLEWARE = [
    "meshes.request_ids.RequestIdMiddleware",
    "meshes.content_policy.ContentPolicyMiddleware",
    "meshes.api_errors.JsonErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "meshes.cross_origin.PostedEventsCorsMiddleware",
    "meshes.page_middleware.PageSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "meshes.page_middleware.PageAuthenticationMiddleware",
    "meshes.staff_sessions.StaffSessionMiddleware",
    "meshes.page_middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "meshes.page_middleware.PageHistoryMiddleware",
    "meshes.time_zones.ViewerTimeZoneMiddleware",
]
ROOT_URLCONF = "meshes.urls"
LOGIN_REDIRECT_URL = "admin:index"
WSGI_APPLICATION = "meshes.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "deliveries.banner.open_alerts",
                "deliveries.admin_home.home",
                "deliveries.admin_guide.links",
            ],
        },
    },
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["meshes.formats"]
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", "") or None
WHITENOISE_USE_FINDERS = not STATIC_ROOT
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("ALERT_FROM", "meshes@localhost")

# Database ----------------------------------------------------------------------------
DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'meshes.sqlite3'}"
    )
}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
if DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3":
    make_folder(Path(DATABASES["default"]["NAME"]).parent)
    DATABASES["default"]["ENGINE"] = "meshes.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
elif DATABASES["default"].get("ENGINE") == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "meshes.postgresql"
    DATABASES["default"]["OPTIONS"] = postgresql_options(DATABASES["default"].get("OPTIONS", {}))
else:
    raise ImproperlyConfigured(
        "DATABASE_URL must start with sqlite:// or postgres://; Meshes supports these two."
    )

# Intake ------------------------------------------------------------------------------
WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", 1)
THROTTLE_EVENTS_PER_SECOND = env.float("THROTTLE_EVENTS_PER_SECOND", 50.0)
THROTTLE_EVENTS_BURST = env.int("THROTTLE_EVENTS_BURST", 200)
THROTTLE_API_PER_SECOND = env.float("THROTTLE_API_PER_SECOND", 20.0)
THROTTLE_API_BURST = env.int("THROTTLE_API_BURST", 100)
THROTTLE_RETRIES_PER_SECOND = env.float("THROTTLE_RETRIES_PER_SECOND", 5.0)
THROTTLE_RETRIES_BURST = env.int("THROTTLE_RETRIES_BURST", 50)
MAX_API_BYTES = 1024 * 1024
MAX_EVENT_BYTES = 256 * 1024
MAX_BULK_BYTES = 5 * 1024 * 1024
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "meshes.api_errors.answer_for",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = api_description.SETTINGS
CORS_URLS_REGEX = r"^/api/v1/+events(/bulk)?/?$"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_METHODS = ["POST", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    "accept",
    "content-type",
    "idempotency-key",
    "x-meshes-client",
    "x-meshes-publishable-key",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = ["Retry-After", "Idempotency-Replayed"]

# Delivery ----------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "")
CANARY_EVERY_S = env.int("CANARY_EVERY_S", 300)
DELIVERY_RETENTION_DAYS = env.int("DELIVERY_RETENTION_DAYS", 90)
THROTTLE_ACCOUNT_PER_SECOND = env.float("THROTTLE_ACCOUNT_PER_SECOND", 5.0)
WORKER_PROCESSES = env.int("WORKER_PROCESSES", 4)
WORKER_SENDERS = env.int("WORKER_SENDERS", 48)
RETRY_SCHEDULE_S = (5, 30, 120, 600, 3_600, 10_800)
RETRY_THEN_EVERY_S = 8 * 3_600
RETRY_FOR_S = 3 * 86_400
Q_CLUSTER = {
    "name": "meshes",
    "workers": WORKER_PROCESSES,
    "poll": 0.2,
    "bulk": 1,
    "queue_limit": WORKER_PROCESSES,
    "save_limit": -1,
    "timeout": 90,
    "retry": 200,
    "ack_failures": True,
    "max_attempts": 1,
    "recycle": 500,
    "catch_up": False,
    "error_reporter": {},
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# Logs --------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "text")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
SENTRY_DSN = env.str("SENTRY_DSN", "")
LOGGING = logs.configuration(format_name=LOG_FORMAT, level=LOG_LEVEL)
