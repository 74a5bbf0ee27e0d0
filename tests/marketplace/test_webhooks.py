"""Clients' programs hear what happened: signed, at least once, tried again for three days, with a log."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection, transaction

from kit.errors import Invalid
from kit.models import OutboxEvent
from marketplace import reactions
from marketplace.models import Batch, WebhookDelivery, WebhookEndpoint, WebhookNews
from marketplace.webhooks import endpoints, happenings, sending
from tests import market, people
from tests.marketplace.api import callers

pytestmark = pytest.mark.django_db(transaction=True)

NOW = people.NOW
EVENTS = list(endpoints.EVENTS)


@dataclass
class Listener:
    """A client's program; `answers` are the statuses that it gives, the last one for ever."""

    answers: list[int] = field(default_factory=lambda: [204])
    heard: list[tuple[dict[str, str], str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            listening.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = listening.answers.pop(0) if len(listening.answers) > 1 else listening.answers[0]
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listening.url = f"http://127.0.0.1:{server.server_port}/hooks?from=market"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield listening
    server.shutdown()
    server.server_close()


@dataclass
class Scene:
    """Mira's endpoint, and a batch of three tasks in which nobody has worked yet."""

    mira: callers.Caller
    endpoint: str
    secret: str
    batch: Batch


@pytest.fixture
def scene(listener: Listener) -> Scene:
    mira, shop = callers.client()
    status, made = mira.post("webhook-endpoints/", {"url": listener.url, "events": EVENTS})
    assert status == 201 and made["secret"].startswith("whsec_")
    return Scene(mira, made["id"], made["secret"], market.launched(mira.user, shop))


def settle_results(scene: Scene) -> None:
    """Answer every task, and tell of the results as the outbox does."""
    ana = people.worker()
    while market.work(ana):
        continue
    for event in OutboxEvent.objects.filter(name="submission.made").order_by("id"):
        with transaction.atomic():
            reactions.on_submission(**event.payload)
    tell("result.settled", happenings.on_result)


def tell(name: str, handler: Any) -> None:
    for event in OutboxEvent.objects.filter(name=name).order_by("id"):
        handler(**event.payload)


def round_of_runners(now: dt.datetime = NOW) -> int:
    happenings.pack(now=now)
    return sending.send_due(now=now)


def test_results_come_in_one_signed_message(scene: Scene, listener: Listener) -> None:
    settle_results(scene)
    tell("result.settled", happenings.on_result)
    assert WebhookNews.objects.count() == 3, "hearing of a result twice notes it once"
    assert round_of_runners() == 1
    headers, body = listener.heard[0]
    told = json.loads(body)
    assert told["type"] == "result.settled" and told["data"]["batch"] == str(scene.batch.pk)
    assert [result["external_id"] for result in told["data"]["results"]] == ["row-1", "row-2", "row-3"]
    assert told["data"]["results"][0]["answer"] == {"label": "sunny"}
    key = base64.b64decode(scene.secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert abs(int(headers["webhook-timestamp"]) - NOW.timestamp()) < 1
    assert round_of_runners() == 0 and WebhookDelivery.objects.get().state == "delivered"


def test_more_than_fit_are_shared_out(scene: Scene, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    settle_results(scene)
    monkeypatch.setattr(happenings, "RESULTS_MOST", 2)
    assert happenings.pack(now=NOW) == 2
    sending.send_due(now=NOW)
    assert sorted(len(json.loads(body)["data"]["results"]) for _headers, body in listener.heard) == [1, 2]


def test_a_settled_batch_and_a_low_budget_are_told_once(scene: Scene, listener: Listener) -> None:
    batch, shop = str(scene.batch.pk), str(scene.batch.project.organisation_id)
    for _turn in range(2):
        happenings.on_batch(batch_id=batch)
        happenings.on_low_budget(organisation_id=shop, batch_id=batch, prepaid_units=1, currency="USD")
    assert round_of_runners(dt.datetime.now(dt.UTC)) == 2
    told = {json.loads(body)["type"]: json.loads(body)["data"] for _headers, body in listener.heard}
    assert told["budget.low"]["prepaid"] == {"amount": "0.0001", "currency": "USD"}
    assert told["batch.settled"]["tasks"] == 3


def test_a_failure_is_tried_again_with_the_same_id_and_body_and_logged(scene: Scene, listener: Listener) -> None:
    listener.answers = [500, 302, 204]
    settle_results(scene)
    now = NOW
    round_of_runners(now)
    for seconds in sending.PATIENCE[:2]:
        assert sending.send_due(now=now + dt.timedelta(seconds=seconds - 1)) == 0, "not before its time"
        now += dt.timedelta(seconds=seconds)
        assert sending.send_due(now=now) == 1
    assert len({(headers["webhook-id"], body) for headers, body in listener.heard}) == 1
    assert len({headers["webhook-signature"] for headers, _body in listener.heard}) == 3, "each try has its own time"
    log = scene.mira.get(f"webhook-endpoints/{scene.endpoint}/deliveries/")[1]["results"][0]
    assert log["state"] == "delivered" and [one["status"] for one in log["tries"]] == [500, 302, 204]


def test_after_three_days_it_is_given_up_and_can_be_sent_again(scene: Scene, listener: Listener) -> None:
    listener.answers = [503]
    settle_results(scene)
    happenings.pack(now=NOW)
    delivery = WebhookDelivery.objects.get()
    now, tries = NOW, 0
    while WebhookDelivery.objects.get().state == "waiting":
        tries += sending.send_due(now=now)
        now = WebhookDelivery.objects.get().due_at
    assert tries >= len(sending.PATIENCE)
    assert dt.timedelta(days=2) < delivery.tries.latest("n").at - NOW <= dt.timedelta(days=3)
    listener.answers = [200]
    status, again = scene.mira.post(f"webhook-deliveries/{delivery.pk}/send-again/")
    assert (status, again["state"]) == (202, "waiting")
    assert sending.send_due(now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)) == 1
    assert WebhookDelivery.objects.get().state == "delivered"
    assert json.loads(scene.mira.get(f"webhook-deliveries/{delivery.pk}/")[1]["body"])["type"] == "result.settled"


def test_an_endpoint_that_is_gone_is_stopped_and_one_that_is_stopped_hears_nothing(scene: Scene, listener: Listener) -> None:
    listener.answers = [410]
    settle_results(scene)
    round_of_runners()
    assert WebhookEndpoint.objects.get().stopped_why == "gone"
    tell("result.settled", happenings.on_result)
    assert WebhookNews.objects.count() == 0 and WebhookDelivery.objects.get().state == "failed"
    assert scene.mira.post(f"webhook-deliveries/{WebhookDelivery.objects.get().pk}/send-again/")[0] == 409


def test_two_runners_at_once_send_a_message_once(scene: Scene, listener: Listener) -> None:
    settle_results(scene)
    happenings.pack(now=NOW)
    with transaction.atomic():
        taken = list(WebhookDelivery.objects.select_for_update())
        other = threading.Thread(target=lambda: (sending.send_due(now=NOW), connection.close()))
        other.start()
        other.join(5)
        assert len(taken) == 1 and not listener.heard, "what one runner holds, another leaves alone"


def test_a_new_secret_signs_beside_the_old_one_for_a_day(scene: Scene, listener: Listener) -> None:
    status, renewed = scene.mira.post(f"webhook-endpoints/{scene.endpoint}/secret/")
    assert status == 200 and renewed["secret"] != scene.secret
    settle_results(scene)
    now = dt.datetime.now(dt.UTC)
    round_of_runners(now)
    assert len(listener.heard[0][0]["webhook-signature"].split()) == 2
    delivery = WebhookDelivery.objects.select_related("endpoint").get()
    later = sending.headers_of(delivery.endpoint, delivery, now=now + dt.timedelta(hours=25))
    assert len(later["webhook-signature"].split()) == 1


def test_a_secret_is_shown_once_and_another_client_sees_nothing(scene: Scene) -> None:
    eve, _shop = callers.client("Eve")
    assert "secret" not in scene.mira.get(f"webhook-endpoints/{scene.endpoint}/")[1]
    for path in (f"webhook-endpoints/{scene.endpoint}/", f"webhook-endpoints/{scene.endpoint}/deliveries/"):
        assert eve.get(path)[0] == 404
    assert eve.post(f"webhook-endpoints/{scene.endpoint}/secret/")[0] == 404
    assert eve.delete(f"webhook-endpoints/{scene.endpoint}/")[0] == 404
    assert scene.mira.delete(f"webhook-endpoints/{scene.endpoint}/")[0] == 204
    assert scene.mira.patch(f"webhook-endpoints/{scene.endpoint}/", {"events": ["budget.low"]})[1]["stopped_at"] is None


@pytest.mark.parametrize("url", [
    "http://example.com/", "https://127.0.0.1/", "https://10.0.0.5/x", "https://[::1]/", "https://localhost/", "https://intra/",
    "https://printer.local/", "ftp://example.com/", "https://me:secret@example.com/", "https://example.com/#part", "", "https://",
    "https://169.254.169.254/latest", "https://example.com/a b", "https://exa\x00mple.com/", "http://localhost.evil.com/",
])  # fmt: skip
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        endpoints.check_url(url)


def test_plain_http_to_this_machine_is_for_the_embedded_installation_alone(settings: Any) -> None:
    assert endpoints.check_url("http://localhost:9000/hooks")
    settings.EMBEDDED = False
    with pytest.raises(Invalid):
        endpoints.check_url("http://localhost:9000/hooks")


def test_a_name_that_leads_inside_is_not_called(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    WebhookEndpoint.objects.update(url="https://rebound.example/")
    monkeypatch.setattr(sending.socket, "getaddrinfo", lambda *_args, **_kwargs: [(2, 1, 6, "", ("10.0.0.7", 443))])
    settle_results(scene)
    round_of_runners()
    delivery = WebhookDelivery.objects.get()
    assert delivery.state == "waiting" and delivery.tries.get().fault == "The address is not a public one."
