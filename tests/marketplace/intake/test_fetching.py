"""Pictures from the web: https alone, public addresses alone, bounded in size, time and redirects; a failure is a bad row."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from marketplace import intake
from marketplace.intake import fetching
from marketplace.intake.fetching import Door, NotFetched
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW, picture


class Server(http.server.ThreadingHTTPServer):
    """A web server on this machine, with a certificate of its own, that counts what it was asked for."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.asked: list[str] = []
        certificate = _certificate(folder)
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(certificate)
        self.socket = served.wrap_socket(self.socket, server_side=True)
        self.trusted = ssl.create_default_context(cafile=certificate)

    def url(self, path: str) -> str:
        return f"https://localhost:{self.server_address[1]}{path}"

    def door(self, **options: Any) -> Door:
        return Door(**({"public_only": False, "context": self.trusted} | options))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


class Pages(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path.partition("?")[0]
        if path.startswith("/to/"):
            left = int(path.rpartition("/")[2])
            self._send(302, Location=f"/to/{left - 1}" if left else "/ok.png")
        elif path in PLACES:
            self._send(302, Location=PLACES[path])
        elif path == "/huge.png":
            self._send(200, length=50_000_000)
        elif path == "/endless.png":
            self._send(200, length=None)
            for _piece in range(100):
                self.wfile.write(b"x" * 1_000_000)
        elif path == "/slow.png":
            self._send(200, length=1000)
            for _byte in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif path == "/short.png":
            self._send(200, picture()[:20], length=len(picture()))
        elif path == "/moody.png" and self.server.asked.count(self.path) == 1:
            self._send(503)
        elif path == "/prose.png":
            self._send(200, b"<html>not a picture</html>")
        elif path in {"/ok.png", "/moody.png"}:
            self._send(200, picture())
        else:
            self._send(404 if path != "/broken.png" else 500)

    def _send(self, status: int, body: bytes = b"", *, length: int | None = -1, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


PLACES = {
    "/to-plain": "http://localhost/ok.png", "/to-file": "file:///etc/passwd", "/to-inside": "https://10.0.0.1/a.png",
    "/to-nowhere": "", "/to-nonsense": "https://[bad/",
}


def _certificate(folder: Path) -> str:
    """A certificate for localhost that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "localhost.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("certificate"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web(_running: Server) -> Server:
    _running.asked.clear()
    return _running


def refusal(door: Door, url: str) -> str:
    with pytest.raises(NotFetched) as refused:
        door.fetch(url)
    return str(refused.value)


def test_a_picture_is_fetched(web: Server) -> None:
    assert web.door().fetch(web.url("/ok.png?size=1&name=a%20b")) == picture()
    assert web.asked == ["/ok.png?size=1&name=a%20b"]


def test_three_redirects_are_followed_and_no_fourth(web: Server) -> None:
    assert web.door().fetch(web.url("/to/2")) == picture()
    assert refusal(web.door(), web.url("/to/3")) == "The address leads on more than 3 times."
    assert web.asked[-1] == "/to/0"


ADDRESSES = [
    ("http://localhost/a.png", "must begin with https://"), ("ftp://localhost/a.png", "must begin with https://"),
    ("https:///a.png", "must begin with https://"), ("https://a:b@localhost/a.png", "must not hold a name and password"),
    ("https://[bad/a.png", "not a valid address"), ("https://localhost:99999/", "not a valid address"),
    ("https://" + "a" * 64 + ".example/", "not a valid address"), ("https://name.invalid/", "no server of this name"),
]


@pytest.mark.parametrize(("url", "reason"), ADDRESSES)
def test_other_addresses_are_refused(url: str, reason: str) -> None:
    assert reason in refusal(Door(), url)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/to-plain", "https://"), ("/to-file", "https://"), ("/to-nowhere", "more than 3 times"), ("/to-nonsense", "not a valid")],
)
def test_a_redirect_leads_to_no_other_kind_of_address(web: Server, path: str, reason: str) -> None:
    assert reason in refusal(web.door(), web.url(path))


def test_a_redirect_to_the_inside_is_refused_like_a_direct_one(web: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    really_public = fetching.is_public
    monkeypatch.setattr(fetching, "is_public", lambda address: address in {"127.0.0.1", "::1"} or really_public(address))
    assert refusal(web.door(public_only=True), web.url("/to-inside")) == "The address is not a public one."


def test_this_machine_is_not_public(web: Server) -> None:
    assert refusal(web.door(public_only=True), web.url("/ok.png")) == "The address is not a public one."
    assert web.asked == []


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_args: Any, **_kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "169.254.169.254")]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    assert refusal(Door(), "https://example.org/a.png") == "The address is not a public one."


INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_known(address: str) -> None:
    assert not fetching.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_outside_are_known(address: str) -> None:
    assert fetching.is_public(address)


def test_a_certificate_that_nobody_knows_is_refused(web: Server) -> None:
    assert "certificate is not valid" in refusal(Door(public_only=False), web.url("/ok.png"))
    assert web.asked == []


@pytest.mark.parametrize("path", ["/huge.png", "/endless.png"])
def test_too_large_a_picture_is_left(web: Server, path: str) -> None:
    assert refusal(web.door(size_most=3 * 1024**2), web.url(path)) == "The file is larger than 3 MB."


def test_a_server_that_trickles_is_left_in_time(web: Server) -> None:
    begun = time.monotonic()
    assert refusal(web.door(seconds_most=0.3), web.url("/slow.png")) == "The server took longer than 0.3 seconds."
    assert time.monotonic() - begun < 2


def test_a_server_that_never_says_a_word_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        assert "longer than" in refusal(Door(public_only=False, seconds_most=0.3), url)
        assert time.monotonic() - begun < 2


def test_a_passing_fault_is_tried_once_more_and_no_lasting_one(web: Server) -> None:
    assert web.door().fetch(web.url("/moody.png")) == picture()
    assert refusal(web.door(), web.url("/broken.png")) == "The server answered with status 500."
    assert refusal(web.door(), web.url("/absent.png")) == "The server answered with status 404."
    assert refusal(web.door(), web.url("/short.png")) == "The server could not be reached, or broke off."
    assert [web.asked.count(path) for path in ("/moody.png", "/broken.png", "/absent.png", "/short.png")] == [2, 2, 1, 2]


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "could not be reached" in refusal(Door(public_only=False), f"https://127.0.0.1:{port}/")


@pytest.mark.django_db
def test_rows_with_addresses_get_their_pictures_or_become_bad_rows(web: Server) -> None:
    batch = incoming.draft(incoming.boxes())
    paths = ["/ok.png", "/absent.png", "/ok.png", "/prose.png", "/ok.png?2"]
    rows = [{"id": at, "photo": web.url(path)} for at, path in enumerate(paths)]
    received = incoming.read(batch, incoming.jsonl(rows), {"id": "external_id", "photo": "image"}, "rows.jsonl")
    assert received.images_waiting == 5
    while intake.fetch_images(upload_id=received.pk, now=NOW, door=web.door(), limit=3):
        pass
    received.refresh_from_db()
    batch.refresh_from_db()
    assert [task.external_id for task in incoming.tasks(batch)] == ["0", "2", "4"]
    assert len({task.payload["image"] for task in incoming.tasks(batch)}) == 1
    assert incoming.tasks(batch)[0].extra == {"photo": web.url("/ok.png")}
    assert incoming.faults(received) == [
        (2, "photo", "The server answered with status 404."), (4, "photo", "This is not a readable image."),
    ]
    assert (received.images_waiting, received.rows_good, received.rows_bad, batch.task_count) == (0, 3, 2, 3)
    assert web.asked.count("/ok.png") == 1, "one address is asked for once in a step"


@pytest.mark.django_db
def test_nothing_inside_is_ever_asked_for(web: Server) -> None:
    batch = incoming.draft(incoming.boxes())
    received = incoming.read(batch, f"photo\n{web.url('/ok.png')}\nhttps://169.254.169.254/latest\n", {"photo": "image"})
    while intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    assert [reason for _line, _field, reason in incoming.faults(received)] == ["The address is not a public one."] * 2
    assert web.asked == []
