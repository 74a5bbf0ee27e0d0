"""Set-up says what it needs: every missing variable by name, a taken port in plain words, a health that can be bad."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys

import pytest
from django.test import Client as Browser
from django.test import override_settings

from config import deploy_checks, embedded
from config.documents import ROOT

CLEAN = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=CLEAN | env, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_deploy_check_names_every_variable_that_leaving_the_embedded_default_needs() -> None:
    done = run("manage.py", "check", "--deploy")
    assert done.returncode != 0
    for name in deploy_checks.NEEDED:
        assert f"{name} is not set" in done.stderr, name


def test_the_deploy_check_is_content_when_everything_is_set() -> None:
    done = run(
        "manage.py", "check", "--deploy", DATABASE_URL="postgres://u:p@db.example.org/x", REDIS_URL="redis://r.example.org/0",
        STORAGE_URL="", EMAIL_URL="smtp+tls://u:p@mail.example.org:587", SECRET_KEY="x1-" * 30, ALLOWED_HOSTS="example.org",
        PUBLIC_URL="https://example.org", STRIPE_API_KEY="rk_test_1", STRIPE_WEBHOOK_SECRET_PLATFORM="whsec_1",
        STRIPE_WEBHOOK_SECRET_CONNECT="whsec_2", STRIPE_WEBHOOK_SECRET_THIN="whsec_3",
    )
    assert re.findall(r"marketplace\.([A-Z_]+)", done.stderr) == ["STORAGE_URL"], done.stderr


def test_a_taken_port_is_told_in_plain_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("-m", "config.launch", "--port", str(port), "--data", "/nonexistent")
    assert done.returncode != 0
    assert f"Port {port} is taken" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_health_says_ok_while_the_database_answers() -> None:
    answer = Browser().get("/health/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"web": "ok", "database": "ok"}}


def test_every_door_says_503_when_the_database_does_not_answer() -> None:
    port = embedded.free_port()
    env = dict(os.environ) | {"DATABASE_URL": f"postgres://nobody@127.0.0.1:{port}/gone", "MARKETPLACE_EMBEDDED": "",
                              "DATABASE_WAIT": "1", "SECRET_KEY": "x"}
    script = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "browser = Client(headers={'host': 'localhost'}, raise_request_exception=False)\n"
        "health = browser.get('/health/')\n"
        "token = 'Bearer mk_' + 12 * 'a' + '_' + 43 * 'b'\n"
        "program = browser.get('/api/v1/me/', headers={'authorization': token, 'idempotency-key': 'k'})\n"
        "browser.cookies['sessionid'] = 'x' * 32\n"
        "page = browser.get('/work/')\n"
        "print(health.status_code, health.json()['parts']['database'])\n"
        "print(program.status_code, program.json()['code'], program.headers['Retry-After'])\n"
        "print(page.status_code, page.headers['Retry-After'], b'does not answer' in page.content)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env | {"DJANGO_SETTINGS_MODULE": "config.settings"}, capture_output=True,
        text=True, timeout=90, check=False,
    )
    assert done.stdout.splitlines() == ["503 unreachable", "503 unavailable 2", "503 2 True"], done.stderr[-500:]


@pytest.mark.django_db
@override_settings(EMBEDDED=False)
def test_the_demo_exists_under_the_embedded_default_alone() -> None:
    from django.core.management import CommandError, call_command

    from workers.models import User

    with pytest.raises(CommandError):
        call_command("demo")
    assert not User.objects.exists()
