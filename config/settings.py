"""All settings, from the environment alone; without it, the embedded servers and the Stripe double serve one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from marketplace import beat as market_beat
from payments import beat as payments_beat

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- where this runs -------------------------------------------------------------------------------------------------
EMBEDDED = env.bool("MARKETPLACE_EMBEDDED", default=False)
"""True on the embedded database alone: only then exist the demo, the double, /mail/ and printed sign-ins."""
PROCESS = env.str("MARKETPLACE_PROCESS", default="")
"""web or runner: which database role this process takes; empty for commands, which migrate and look after data."""
DATA_DIR = Path(env.str("DATA", default=str(BASE_DIR / ".local"))).resolve()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="not-a-secret-only-for-commands-without-a-database" if not PROCESS else "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
PRODUCT_NAME = env.str("PRODUCT_NAME", default="Evenhand")
HTTPS = PUBLIC_URL.startswith("https://")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "workers.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "kit",
    "task_types",
    "workers",
    "qualification",
    "payments",
    "marketplace",
    "config.apps.RoofConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "config.middleware.ViewersZone",
    "config.middleware.ProductErrors",
    "workers.access.DenyByDefault",
]

API_MIDDLEWARE = [
    "config.middleware.TokenCall",
    "workers.access.DenyByDefault",
]
"""What a call with a token passes; it carries no cookies, so nothing that reads them."""

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
                "config.context.site",
            ],
        },
    }
]

# --- data ------------------------------------------------------------------------------------------------------------
_database: dict[str, Any] = dict(env.db_url("DATABASE_URL", default="postgres:///marketplace"))
_database["HOST"] = unquote(_database.get("HOST") or "")
_database["OPTIONS"] = _database.get("OPTIONS", {})
if PROCESS == "web":
    # Few threads that live as long as the process: each keeps its connection, and what is prepared on it stays prepared.
    _database["CONN_MAX_AGE"] = None
else:
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": env.float("DATABASE_WAIT", default=20.0)}
if PROCESS in {"web", "runner"} and env.bool("DATABASE_ROLES", default=True):
    _database["OPTIONS"]["options"] = f"-c role=marketplace_{PROCESS}"
DATABASES = {"default": _database}

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

STORAGE_URL = env.str("STORAGE_URL", default="")
"""Empty for the folder under DATA, `s3://bucket/prefix` for S3 (then install django-storages)."""
MEDIA_ROOT = DATA_DIR / "files"
_files: dict[str, Any] = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}}
if STORAGE_URL:
    _bucket, _slash, _prefix = STORAGE_URL.removeprefix("s3://").partition("/")
    _files = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": _bucket, "location": _prefix}}
STORAGES = {
    "default": _files,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = None if EMBEDDED else BASE_DIR / "static_root"
STATICFILES_DIRS = [path for path in (BASE_DIR / "static_build", BASE_DIR / "static") if path.exists()]
WHITENOISE_USE_FINDERS = EMBEDDED or DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", default=None)

# --- people ----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_ADAPTER = "workers.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "workers.forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "5/300s/key,30/m/ip", "signup": "30/m/ip", "login": "60/m/ip"}
"""The account first, the address second: many honest people may share one. A new password by mail ends a lock-out at once."""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = PRODUCT_NAME
USERSESSIONS_TRACK_ACTIVITY = False
OPS_NEEDS_MFA = not EMBEDDED
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "front"

# --- languages and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
INSTALLED_APPS += ["django.forms"]

# --- mail ------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{PRODUCT_NAME} <no-reply@localhost>")
MAIL_DIR = DATA_DIR / "mail"
if env.str("EMAIL_URL", default=""):
    globals().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_DIR

# --- money -----------------------------------------------------------------------------------------------------------
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="sk_test_double" if EMBEDDED else "")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="") or None
"""The double's address under the embedded default; None is Stripe itself."""
STRIPE_WEBHOOK_SECRET_PLATFORM = env.str("STRIPE_WEBHOOK_SECRET_PLATFORM", default="")
STRIPE_WEBHOOK_SECRET_CONNECT = env.str("STRIPE_WEBHOOK_SECRET_CONNECT", default="")
STRIPE_WEBHOOK_SECRET_THIN = env.str("STRIPE_WEBHOOK_SECRET_THIN", default="")
STRIPE_LIVEMODE = STRIPE_API_KEY.startswith(("sk_live_", "rk_live_"))
PAYOUT_MINIMUM_UNITS = env.int("PAYOUT_MINIMUM_UNITS", default=10_000)
PAYOUT_APPROVAL_LIMIT_UNITS = env.int("PAYOUT_APPROVAL_LIMIT_UNITS", default=50_000_000)
PAYOUT_COSTS = env.list("PAYOUT_COSTS", default=["stripe:USD:2500:25", "stripe:EUR:1000:25", "stripe:GBP:1000:25"])
"""What a payout on demand costs its worker, by rail and currency: a fixed part in units, and basis points of the amount. The
default is what Stripe lists for platforms that pay Connect's fees; a currency that is not named has no payouts on demand."""
PLATFORM_CURRENCIES = ["USD", "EUR", "GBP"]
PAYOUT_DETAILS_KEY = env.list("PAYOUT_DETAILS_KEY", default=[])
"""Fernet keys for bank details, the newest first; older ones stay behind it so that what they sealed can be read."""
BANK_FILE_DEBTOR = {name: env.str(f"BANK_FILE_{name.upper()}", default="") for name in ("name", "iban", "bic")}
"""Our own bank account, from which payment files pay."""
BANK_FILE_NOT_TO = env.list("BANK_FILE_NOT_TO", default=["CU", "IR", "KP", "SY"])
"""Countries to which our bank does not pay."""
BANK_SETTLED_CODES = env.list("BANK_SETTLED_CODES", default=["ACSC", "ACCC"])
"""With which words of a status report our bank says that a payment is made; some never say more than ACSP."""
PLATFORM_FEE_BP = env.int("PLATFORM_FEE_BP", default=1_500)

# --- background work -------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    **market_beat.SCHEDULE,
    **payments_beat.SCHEDULE,
    "people: pauses that end": {"task": "workers.jobs.resume_paused", "schedule": 60.0},
    "people: endings": {"task": "workers.jobs.complete_endings", "schedule": 300.0},
    "people: countries that close": {"task": "workers.jobs.close_countries", "schedule": 300.0},
    "people: data to be erased": {"task": "workers.jobs.erase_people", "schedule": 600.0},
    "people: appeals that nobody decided": {"task": "workers.jobs.decide_overdue_appeals", "schedule": 60.0},
    "people: notices by mail": {"task": "workers.jobs.mail_notices", "schedule": 10.0},
    "people: invitations by mail": {"task": "workers.jobs.mail_invitations", "schedule": 10.0},
    "skills: grants that expire": {"task": "qualification.jobs.expire_grants", "schedule": 300.0},
    "skills: attempts that ran out": {"task": "qualification.jobs.close_overdue_attempts", "schedule": 10.0},
    "skills: readers who do not come": {"task": "qualification.jobs.give_up_late_readers", "schedule": 120.0},
    "deliver what happened": {"task": "config.jobs.deliver_outbox", "schedule": 1.0, "options": {"expires": 5}},
    "forget old records": {"task": "config.jobs.prune", "schedule": crontab(minute="17", hour="3")},
}

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workers.api_auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["workers.access.NobodyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["kit.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kit.json.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "kit.problems.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["workers.fair_use.FairUse"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{PRODUCT_NAME} API",
    "DESCRIPTION": "Everything that a client, a worker and ops staff can do here, for programs.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "MemberRoleEnum": "workers.models.Membership.ROLES",
        "OpsRoleEnum": "workers.models.OpsRole.ROLES",
        "DecisionReasonEnum": "workers.models.StandingDecision.REASONS",
        "PauseReasonEnum": "workers.standing.PAUSE_REASON_CHOICES",
        "SkillKindEnum": "qualification.models.Skill.KINDS",
        "CredentialKindEnum": "workers.models.Credential.HANDED_IN",
        "CredentialRefusalEnum": "workers.models.Credential.REASONS",
        "QuestionKindEnum": "qualification.models.ExamItem.KINDS",
    },
}

# --- security --------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SILENCED_SYSTEM_CHECKS = ["models.W046"]

# --- logs ------------------------------------------------------------------------------------------------------------
_renderer = structlog.dev.ConsoleRenderer(colors=False) if EMBEDDED else structlog.processors.JSONRenderer()
_shared = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"()": structlog.stdlib.ProcessorFormatter, "processor": _renderer, "foreign_pre_chain": _shared}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
