"""The one settings file, and the only reader of the environment."""

import math
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

BASE_DIR = Path(__file__).resolve().parent.parent

DATA_ROOT = Path(os.environ.get("HEWSTON_DATA_ROOT", BASE_DIR / "data")).resolve()


def _read_number(name: str, default: float) -> float:
    text = os.environ.get(name, "") or str(default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ImproperlyConfigured(f"{name} is {text}, but must be a number of at least 0.")
    return number


def _read_switch(name: str) -> bool:
    text = os.environ.get(name, "")
    if text not in {"", "0", "1"}:
        raise ImproperlyConfigured(f"{name} is {text}, but must be 0 or 1.")
    return text == "1"


MIN_FREE_BYTES = _read_number("HEWSTON_MIN_FREE_GB", 1) * 1e9
UPLOAD_BYTES = int(_read_number("HEWSTON_UPLOAD_GB", 2) * 1e9)  # of one request
BODY_BYTES = 1 << 20  # of any other request: no form of the site is near it
FILE_UPLOAD_HANDLERS = ["hewston.uploads.UploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = None  # the handler counts them, and says so in a sentence
INBOX = Path(os.environ.get("HEWSTON_INBOX", "") or DATA_ROOT / "inbox").resolve()
WRITES_PER_SECOND = _read_number("HEWSTON_WRITES_PER_SECOND", 20) or 20  # of one person's API
WRITES_BURST = 5 * WRITES_PER_SECOND  # at once, after a pause
WORKERS = int(_read_number("HEWSTON_WORKERS", os.cpu_count() or 1)) or 1


def _secret_key() -> str:
    """Read the key from the environment, else from the data root, where it is made once."""
    if given := os.environ.get("HEWSTON_SECRET_KEY"):
        return given
    path = DATA_ROOT / "secret-key"
    DATA_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = DATA_ROOT / f".secret-key-{os.getpid()}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as key_file:
            key_file.write(secrets.token_urlsafe(50))
            key_file.flush()
            os.fsync(key_file.fileno())
        try:
            os.link(draft, path)  # two processes that start together agree on the first one's key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if path.stat().st_mode & 0o077:
        raise ImproperlyConfigured(
            f"Others on this machine may read the secret key {path}, and whoever has it can sign "
            f"in as anybody. Run `chmod 600 {path}`; where somebody may have read it, remove it "
            "instead: a new one is made, and everybody signs in again."
        )
    return path.read_text()


try:
    SECRET_KEY = _secret_key()
except OSError as problem:
    raise ImproperlyConfigured(
        f"The data root {DATA_ROOT} cannot be used ({problem.strerror}). Set HEWSTON_DATA_ROOT "
        "to a folder that can be written."
    ) from problem
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HEWSTON_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
HTTPS = _read_switch("HEWSTON_HTTPS")

INSTALLED_APPS = [
    "apps.permissions",
    "apps.datasets",
    "apps.strategies",
    "apps.runs",
    "apps.parity",
    "django.contrib.admin.apps.SimpleAdminConfig",  # hewston.admin names its models
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_q",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "hewston.http.Refusals",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hewston.access.BearerSignIn",
    "hewston.http.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "hewston.urls"
ASGI_APPLICATION = "hewston.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hewston.http.site",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",  # of the admin
                    ],
                )
            ],
            "builtins": [
                "apps.permissions.templatetags.abouts",
                "apps.permissions.templatetags.choices",
                "apps.permissions.templatetags.figures",
                "apps.permissions.templatetags.jobs",
            ],
        },
    }
]

DATABASE_PATIENCE_SECONDS = 20  # so long a write waits for the one before it
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_ROOT / "hewston.sqlite3",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": DATABASE_PATIENCE_SECONDS,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
        },
    }
}
# The rows of jobs are the truth; the queue only wakes. So a task is delivered once, and what a
# killed worker left is given to another one by us, long before the queue's own retry.
QUEUES = ("runs", "ingest")  # so that one cannot block the other
Q_CLUSTER = {
    "name": "hewston",
    "orm": "default",
    "workers": WORKERS,
    "queue_limit": 1,
    "bulk": 1,
    "recycle": 50,
    "guard_cycle": 0.5,
    "poll": 0.1,  # half of it is what a job waits beside a free worker
    "timeout": 39_600,
    "retry": 43_200,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": 100,
    "catch_up": False,
    "scheduler": False,
    "daemonize_workers": False,
    "log_level": "WARNING",
    "ALT_CLUSTERS": {"runs": {}, "ingest": {"workers": 1}},
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "permissions.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "permissions/locked.html"
AXES_VERBOSE = False

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DATETIME_FORMAT = r"Y-m-d H:i \U\T\C"  # of the admin; pages show the zone that was chosen
DATE_FORMAT = "Y-m-d"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static" / "build"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "hewston_session"
CSRF_COOKIE_NAME = "hewston_csrf"
CSRF_FAILURE_VIEW = "hewston.http.csrf_failed"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
