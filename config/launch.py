"""Starts a whole installation on one machine: servers, database, double, demo, web, runner, beat; Ctrl-C stops it."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from honcho.manager import Manager

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120


def main() -> None:
    arguments = _arguments()
    data = Path(arguments.data).resolve()
    port, double_port = arguments.port, arguments.port + 1
    own_double = embedded.needed() and not os.environ.get("STRIPE_API_KEY")
    _ports_are_free([port, double_port] if own_double else [port])
    began = time.monotonic()
    os.chdir(ROOT)
    embedded.say_what_root_means(data)
    _say("PostgreSQL and Valkey")
    if embedded.needed():
        embedded.ensure(data)
    _say("Tables")
    _environment(data, port, double_port if own_double else None)
    _manage("migrate", "--verbosity", "0")
    double = _start_double(data, port, double_port) if own_double else None
    try:
        if os.environ.get("MARKETPLACE_EMBEDDED"):
            _say("Demo (the first time only)")
            _manage("demo", "--if-empty")
        _say("Web, runner, beat")
        _serve(data, port, began)
    finally:
        if double is not None:
            double.terminate()
            double.wait(timeout=10)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", default=str(ROOT / ".local"))
    return parser.parse_args()


def _say(step: str) -> None:
    print(f"  - {step}", flush=True)


def _ports_are_free(ports: list[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                sys.exit(f"Port {port} is taken. Choose another one: make run PORT={ports[0] + 100}")


def _environment(data: Path, port: int, double_port: int | None) -> None:
    """What every process of this installation has to know; what the person has set stays as it is."""
    os.environ["DATA"] = str(data)
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{port}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if double_port:
        os.environ["STRIPE_API_BASE"] = f"http://127.0.0.1:{double_port}"
        for kind, secret in _webhook_secrets(data).items():
            os.environ.setdefault(f"STRIPE_WEBHOOK_SECRET_{kind}", secret)


def _webhook_secrets(data: Path) -> dict[str, str]:
    """Made at the first start; the double signs with them and the web checks."""
    path = data / "webhook_secrets.json"
    if not path.exists():
        made = {kind: f"whsec_{secrets.token_hex(16)}" for kind in ("PLATFORM", "CONNECT", "THIN")}
        path.write_text(json.dumps(made))
        path.chmod(0o600)
    return dict(json.loads(path.read_text()))


def _manage(*command: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *command], check=False)
    if done.returncode:
        sys.exit(f"manage.py {command[0]} failed with exit code {done.returncode}.")


def _start_double(data: Path, port: int, double_port: int) -> subprocess.Popen[bytes]:
    _say("Stripe double (no real money moves)")
    known = _webhook_secrets(data)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "stripe_double", "--port", str(double_port), "--books", str(data / "double.sqlite3"),
            "--public-url", f"http://localhost:{double_port}", "--webhook-url", f"http://127.0.0.1:{port}/webhooks/stripe",
            "--webhook-secret", known["PLATFORM"], "--connect-webhook-secret", known["CONNECT"],
            "--thin-webhook-secret", known["THIN"],
        ],
        start_new_session=True,
    )
    _wait_for(f"http://127.0.0.1:{double_port}/_control/books", process)
    return process


def _wait_for(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        if process is not None and process.poll() is not None:
            sys.exit("The Stripe double did not start.")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"{url} did not answer within {READY_SECONDS} seconds.")


def _serve(data: Path, port: int, began: float) -> None:
    """Run web, runner and beat until one of them ends or somebody presses Ctrl-C."""
    manager = Manager()
    python, inherited = sys.executable, dict(os.environ)
    programs = {
        "web": f"{python} -m granian --interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads 8 "
               "--no-ws --log-level error config.wsgi:application",
        "runner": f"{python} -m celery --quiet -A config.celery worker --loglevel warning --concurrency 2 --without-gossip "
                  "--without-mingle",
        "beat": f"{python} -m celery --quiet -A config.celery beat --loglevel warning -s {data / 'beat-schedule'}",
    }
    for name, command in programs.items():
        role = "web" if name == "web" else "runner"
        manager.add_process(name, command, env=inherited | {"MARKETPLACE_PROCESS": role}, cwd=str(ROOT), quiet=False)
    threading.Thread(target=_announce, args=(port, began), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: manager.terminate())
    manager.loop()
    # A program that ends by itself is a failure; Ctrl-C is not.
    sys.exit(0 if manager.returncode in (0, 130, -2, 143, -15) else manager.returncode)


def _announce(port: int, began: float) -> None:
    """Print where to go and how to sign in, once the first page can be served."""
    _wait_for(f"http://127.0.0.1:{port}/health/")
    print(f"\nREADY http://127.0.0.1:{port}  ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"Open  {os.environ['PUBLIC_URL']}", flush=True)
    if os.environ.get("MARKETPLACE_EMBEDDED"):
        from config.demo.sign_ins import SIGN_INS

        for who, (address, password) in SIGN_INS.items():
            print(f"  {who:<11} {address:<24} {password}", flush=True)
        print(f"  mail that would be sent: {os.environ['PUBLIC_URL']}/mail/\n", flush=True)


if __name__ == "__main__":
    main()
