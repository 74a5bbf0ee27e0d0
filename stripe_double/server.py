"""The HTTP side: one thread per connection on the loopback address, and the cuts that faults ask for."""

import logging
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from stripe_double import api, control, pages
from stripe_double.api import Reply, Request
from stripe_double.deliveries import Postman
from stripe_double.double import Double

log = logging.getLogger("stripe_double")
BODY_MOST = 2_000_000


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only: whoever reaches it may do anything with it."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, double: Double, postman: Postman) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.double, self.postman = double, postman

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a caller who hung up is not our fault
            log.exception("a connection broke the double")

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(("/v1/", "/v2/")):
            return api.answer(self.double, request)
        if request.path.startswith("/_control/"):
            return control.answer(self.double, self.postman, request)
        return pages.answer(self.double, request)


class Handler(BaseHTTPRequestHandler):
    """Reads one request, writes one reply in one piece; connections stay open, as the SDK expects."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_MOST:
            self.close_connection = True
            self._write(Reply(413, b""))
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the sender died; nothing was asked
            self.close_connection = True
            return
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.answer(Request(self.command, address.path, address.query, headers, body))
        except Exception:
            log.exception("%s %s broke the double", self.command, address.path)
            reply = Reply(500, b"the double broke; see its output")
        self._write(reply)

    do_POST = do_GET
    do_DELETE = do_GET

    def _write(self, reply: Reply) -> None:
        if reply.cut == "drop":
            self._hang_up()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut == "truncate" else reply.body)
        if reply.cut == "truncate":
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def version_string(self) -> str:
        return "stripe-double"

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)
