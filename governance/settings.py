"""Django settings: one file, every switch an environment variable, secure unless the site is plain HTTP on loopback.

`HUB_HOME` is the state folder, `HUB_URL` the address people type. `DATABASE_URL` and `REDIS_URL` switch from the
embedded servers to real ones. Secrets come from `NAME`, from the file that `NAME_FILE` names, or are made once in
`HUB_HOME/secrets/` (only on loopback: a site with an address of its own must be given its keys).
"""

import os
import secrets as random_secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from governance import embedded
from governance.schedule import BEAT_SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
HUB_HOME = Path(os.environ.get("HUB_HOME") or BASE_DIR / ".hub").resolve()
PORT = int(os.environ.get("PORT") or 8000)
HUB_URL = (os.environ.get("HUB_URL") or f"http://127.0.0.1:{PORT}").rstrip("/")
_site = urlsplit(HUB_URL)
LOOPBACK = _site.scheme == "http" and _site.hostname in {
    "127.0.0.1",
    "localhost",
    "::1",
}


def given_secret(name: str) -> str:
    """The secret `name` from the environment or a mounted file; empty where neither is given."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} can't be read: {error.strerror}.") from error
    return os.environ.get(name, "")


def secret(name: str) -> str:
    """The secret `name`: from the environment, a mounted file, or made once on a loopback site."""
    if value := given_secret(name):
        return value
    if not LOOPBACK:
        raise ImproperlyConfigured(f"{name} is not set. Give {name} or {name}_FILE for a site at {HUB_URL}.")
    folder = HUB_HOME / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path_own = folder / name.lower()
    if not path_own.exists():
        draft = folder / f".{name.lower()}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(random_secrets.token_urlsafe(48), encoding="utf-8")
        try:  # of two processes that start at once one wins the name, and both read that file
            os.link(draft, path_own)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path_own.read_text(encoding="utf-8").strip()


SECRET_KEY = secret("SECRET_KEY")
PSEUDONYM_KEY = secret("PSEUDONYM_KEY").encode()
ENCRYPTION_KEY = secret("ENCRYPTION_KEY").encode()
DEBUG = os.environ.get("HUB_DEBUG") == "1"
ALLOWED_HOSTS = [_site.hostname or "", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [HUB_URL]

INSTALLED_APPS = [
    "governance",
    "risk",
    "inventory",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "governance.middleware.SecurityHeadersMiddleware",
    "governance.middleware.RefuseNullBytesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "governance.middleware.SignedInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "governance.middleware.RequestContextMiddleware",
    "governance.middleware.PastStandsMiddleware",
    "risk.web.not_computable.NotComputableMiddleware",
]

ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"
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
                "governance.web.context.shell",
            ],
            "builtins": ["django.templatetags.i18n"],  # every template has texts (docs/decisions/0030)
        },
    }
]


def database_from_url(url: str) -> dict:
    """`postgres://user:password@host:port/name?option=value` as Django's settings; a socket folder goes in `?host=`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgres:// or postgresql://, not {parts.scheme!r}.")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or "") or given_secret("DATABASE_PASSWORD"),
        "HOST": unquote(parts.hostname or "") or options.pop("host", ""),
        "PORT": parts.port or options.pop("port", ""),
        "OPTIONS": options,
    }


_database_url = os.environ.get("DATABASE_URL")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **(database_from_url(_database_url) if _database_url else embedded.database_settings(HUB_HOME)),
    }
}


def with_password(url: str, password: str) -> str:
    """A redis:// or rediss:// address with the password put in, where there is one and the address has none."""
    parts = urlsplit(url)
    if not password or parts.password or not parts.hostname:
        return url
    return url.replace("://" + parts.netloc, f"://:{quote(password, safe='')}@{parts.netloc}", 1)


REDIS_URL = os.environ.get("REDIS_URL") or embedded.redis_url(HUB_HOME)
REDIS_URL = with_password(REDIS_URL, given_secret("REDIS_PASSWORD"))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and sessions
AUTH_USER_MODEL = "inventory.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "sesame.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "governance:start"  # the view chosen for it, else the overview
ACCOUNT_ADAPTER = "inventory.web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "5/5m/key,10/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXIES") or 0)
SESAME_ONE_TIME = True
SESAME_MAX_AGE = timedelta(hours=1)
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "sessionid" if LOOPBACK else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if LOOPBACK else "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOOPBACK

# Headers. The policy has no exception; charts and htmx are chosen and configured to live under it.
SECURE_HSTS_SECONDS = 0 if LOOPBACK else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not LOOPBACK
SECURE_SSL_REDIRECT = not LOOPBACK
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # load balancers ask over plain HTTP, from beside the process
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Static files: hashed names, served by the web process itself
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("HUB_STATIC") or HUB_HOME / "static")  # an image collects them when it is built
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only our own files: pages use nothing of what the libraries bring along, and compressing that took 40 s.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = HUB_HOME / "uploads"
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "inventory.web.upload_guard.SizeGuard",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_MAX_BYTES = int(os.environ.get("UPLOAD_MAX_BYTES") or 4 * 1024**3)
# What the files of one archive may come to, unpacked
ARCHIVE_MAX_BYTES = int(os.environ.get("ARCHIVE_MAX_BYTES") or 4 * UPLOAD_MAX_BYTES)
# What a feed may send in one call, and how far its clock may be off: a signature is good for that long, and once
FEED_MAX_BYTES = int(os.environ.get("FEED_MAX_BYTES") or 64 * 1024**2)
FEED_WINDOW_SECONDS = 300
# A folder that is watched for feed files; empty: none. A file is taken once nobody has written to it for so long
DROP_FOLDER = os.environ.get("DROP_FOLDER") or ""
DROP_SETTLE_SECONDS = int(os.environ.get("DROP_SETTLE_SECONDS") or 30)
DROP_DELETE = os.environ.get("DROP_DELETE") == "1"  # files that were taken, instead of moving them to done/
# Files of evidence: a folder of their own, under the SHA-256 of their content, so that it can have a backup of its own
EVIDENCE_ROOT = Path(os.environ.get("EVIDENCE_ROOT") or HUB_HOME / "evidence")
EVIDENCE_MAX_BYTES = int(os.environ.get("EVIDENCE_MAX_BYTES") or 25 * 1024**2)

# Time and language: stored in UTC; days, off-hours and deadlines follow the organisation's zone
USE_TZ = True
TIME_ZONE = os.environ.get("HUB_TIME_ZONE") or "UTC"
WORKING_HOURS = os.environ.get("WORKING_HOURS") or "07:00-19:00"
WORKING_DAYS = os.environ.get("WORKING_DAYS") or "1-5"  # 1: Monday
# Not en-gb: the texts are the same, and each would be looked for in six catalogues instead of one
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["governance.formats"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

# Celery: the tables are the queue, this is the doorbell
# For a socket Celery's transport has words of its own.
CELERY_BROKER_URL = (
    "redis+socket://" + REDIS_URL.removeprefix("unix://").replace("?db=", "?virtual_host=")
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A task whose connection is gone can't be acknowledged and will be given out again: end it, so that it runs once.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(HUB_HOME / "beat-schedule")
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE

# How far a page may be behind after another method was put in force; what is stored is never behind
METHOD_RECHECK_SECONDS = 2.0

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"user": "600/min", "anon": "30/min", "feed": "240/min"},
    "UNICODE_JSON": True,
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "TOKEN_LIMIT_PER_USER": 10,
    "AUTO_REFRESH": False,
    "AUTH_HEADER_PREFIX": "Token",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AI Governance Hub",
    "VERSION": "1",
    "DESCRIPTION": "Register, scores, departments and compliance. Figures agree with the pages and the exports.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

# E-mail; without a host none is sent. The way to the server: "starttls", "tls" (from the first byte) or "none"
EMAIL_HOST = os.environ.get("EMAIL_HOST") or ""
EMAIL_SECURITY = os.environ.get("EMAIL_SECURITY") or "starttls"
_mail_ports = {"starttls": 587, "tls": 465, "none": 25}
if EMAIL_SECURITY not in _mail_ports:
    raise ImproperlyConfigured(f"EMAIL_SECURITY is {EMAIL_SECURITY!r}. Give one of {', '.join(_mail_ports)}.")
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or _mail_ports[EMAIL_SECURITY])
EMAIL_HOST_USER = os.environ.get("EMAIL_USER") or ""
EMAIL_HOST_PASSWORD = given_secret("EMAIL_PASSWORD")
EMAIL_TIMEOUT = 20  # seconds that the server may be silent
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or f"AI Governance Hub <hub@{_site.hostname}>"
DIGEST_HOUR = int(os.environ.get("DIGEST_HOUR") or 7)  # from which digests go out, in the organisation's zone

# Retention, in days: interactions are counted per day for ever, single records and raw lines are not kept for ever
INTERACTION_RETENTION_DAYS = int(os.environ.get("INTERACTION_RETENTION_DAYS") or 730)
# Days for which every score snapshot stays; older ones are thinned by a rule (docs/operations.md)
SNAPSHOT_DAYS = int(os.environ.get("SNAPSHOT_DAYS") or 90)
# Hours after an alert within which it is to be closed; informational ones have no deadline
ALERT_HOURS = {
    "high": int(os.environ.get("ALERT_HOURS_HIGH") or 4),
    "medium": int(os.environ.get("ALERT_HOURS_MEDIUM") or 24),
    "low": int(os.environ.get("ALERT_HOURS_LOW") or 72),
}
# When a day's use is unusual (docs/decisions/0026): so far above the 28 days before, and so many interactions
UNUSUAL_DEVIATIONS = float(os.environ.get("UNUSUAL_DEVIATIONS") or 3)
UNUSUAL_TIMES = float(os.environ.get("UNUSUAL_TIMES") or 3)
UNUSUAL_EVENTS = int(os.environ.get("UNUSUAL_EVENTS") or 50)
RAW_RETENTION_DAYS = int(os.environ.get("RAW_RETENTION_DAYS") or 180)
# The rows that tell which files were read (never shorter than single interactions), and files that could not be read
# to their end, kept to try again
BATCH_RETENTION_DAYS = int(os.environ.get("BATCH_RETENTION_DAYS") or 1095)
FAILED_FILE_DAYS = int(os.environ.get("FAILED_FILE_DAYS") or 7)

# Row history: statement triggers see every kind of write; who and why: the audit log, at the same transaction time.
PGHISTORY_APPEND_ONLY = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": os.environ.get("HUB_LOG_LEVEL") or "WARNING",
    },
}
