"""The Celery app: runners and beat; jobs are found in each room's `jobs.py`."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# The start says itself what running as root means.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
