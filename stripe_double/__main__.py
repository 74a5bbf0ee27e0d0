"""The command line: `python -m stripe_double --port 8001 --books PATH.sqlite3`."""

import argparse
import logging
import signal
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

from stripe_double.deliveries import Postman
from stripe_double.double import Double
from stripe_double.server import Server
from stripe_double.settings import ENDPOINTS, Settings

NUMBERS = [option.name for option in fields(Settings) if option.type is int and option.name != "port"]


def read_settings(arguments: list[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser("stripe_double", description="Plays Stripe on 127.0.0.1; no real money moves.")
    parser.add_argument("--port", type=int, default=8001, help="0 picks a free one")
    parser.add_argument("--books", type=Path, required=True, help="the SQLite file; made if it is not there")
    parser.add_argument("--public-url", default="", help="what links to hosted pages begin with")
    parser.add_argument("--webhook-url", default="", help="events go to platform/, connect/ and thin/ below it")
    parser.add_argument("--webhook-secret", default="", help="whsec_..., for all endpoints without one of their own")
    parser.add_argument("--connect-webhook-secret", default="")
    parser.add_argument("--thin-webhook-secret", default="")
    parser.add_argument("--webhook-retry-seconds", type=float, default=Settings.webhook_retry_seconds)
    for name in NUMBERS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Settings, name))
    said = parser.parse_args(arguments)
    own = {"connect": said.connect_webhook_secret, "thin": said.thin_webhook_secret}
    secrets = {endpoint: own.get(endpoint) or said.webhook_secret for endpoint in ENDPOINTS}
    if said.webhook_url and not all(secrets.values()):
        parser.error("--webhook-url needs --webhook-secret")
    return Settings(
        books=said.books, port=said.port, public_url=said.public_url.rstrip("/"), webhook_url=said.webhook_url,
        webhook_secrets=secrets, webhook_retry_seconds=said.webhook_retry_seconds,
        **{name: getattr(said, name) for name in NUMBERS},
    )  # fmt: skip


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="stripe_double %(levelname)s %(message)s")
    settings = read_settings()
    double = Double(settings)
    postman = Postman(double)
    try:
        server = Server(settings.port, double, postman)
    except OSError as error:
        raise SystemExit(f"stripe_double: port {settings.port} on 127.0.0.1: {error.strerror}") from error
    address = f"http://127.0.0.1:{server.server_port}"
    double.settings = replace(settings, port=server.server_port, public_url=settings.public_url or address)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    postman.start()
    sys.stdout.write(f"stripe_double listens on {address}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    postman.stop()
    postman.join(timeout=5)
    double.store.close()


if __name__ == "__main__":
    main()
