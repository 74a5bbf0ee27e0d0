"""The network door for images and recordings: https alone, public addresses alone, with bounds on size, time and redirects."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import quote, urljoin, urlsplit

from django.utils.translation import gettext as _

from kit import assets

REDIRECTS_MOST = 3
SECONDS_MOST = 20.0
"""For one image, from the first byte of the first connection to the last byte, redirects included."""
CONNECT_SECONDS = 5.0
ADDRESSES_MOST = 3
_PIECE = 64 * 1024
_TRANSLATING = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into IPv4 ones (RFC 6052)."""


class NotFetched(Exception):
    """An image cannot be had; the argument says why in words for the client. `passing` faults may be gone in a moment."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Door:
    """How the outside is reached. Tests open it for a server on this machine with `public_only=False`; nobody else may."""

    public_only: bool = True
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    size_most: int = assets.MAX_BYTES
    seconds_most: float = SECONDS_MOST

    def fetch(self, url: str) -> bytes:
        """The content behind an https address. Raises NotFetched; a passing fault is tried a second time."""
        try:
            return self._fetch(url)
        except NotFetched as fault:
            if not fault.passing:
                raise
            return self._fetch(url)

    def _fetch(self, url: str) -> bytes:
        until = monotonic() + self.seconds_most
        for _turn in range(REDIRECTS_MOST + 1):
            content, url = self._ask(url, until)
            if content is not None:
                return content
        raise NotFetched(_("The address leads on more than %(most)d times.") % {"most": REDIRECTS_MOST})

    def _ask(self, url: str, until: float) -> tuple[bytes | None, str]:
        """One request: the content, or the address to go on to."""
        host, port, path = _parts(url)
        connection = _Pinned(host, port, self._addresses(host, port), self.context)
        # A server that sends a byte now and then never runs into a socket's timeout: the clock closes the line.
        clock = threading.Timer(max(until - monotonic(), 0.0), connection.cut)
        clock.start()
        try:
            with closing(connection):
                connection.request("GET", path, headers={"Accept": "image/*, audio/*", "User-Agent": "Mozilla/5.0 (image import)"})
                answer = self._answer(connection.getresponse(), url)
        except ssl.SSLCertVerificationError as fault:
            raise NotFetched(_("The server's certificate is not valid: %(why)s.") % {"why": fault.verify_message}) from None
        except (OSError, http.client.HTTPException, ValueError):
            if not connection.was_cut:
                raise NotFetched(_("The server could not be reached, or broke off."), passing=True) from None
            answer = None, url
        finally:
            clock.cancel()
        if connection.was_cut:
            raise NotFetched(_("The server took longer than %(most)g seconds.") % {"most": self.seconds_most})
        return answer

    def _answer(self, response: http.client.HTTPResponse, url: str) -> tuple[bytes | None, str]:
        if response.status in (301, 302, 303, 307, 308):
            try:
                return None, urljoin(url, response.headers.get("Location", ""))
            except ValueError:
                raise NotFetched(_("This is not a valid address.")) from None
        if response.status != 200:
            passing = response.status >= 500 or response.status == 429
            raise NotFetched(_("The server answered with status %(status)d.") % {"status": response.status}, passing=passing)
        too_large = NotFetched(_("The file is larger than %(most)d MB.") % {"most": self.size_most // 1024**2})
        if (response.length or 0) > self.size_most:
            raise too_large
        content = bytearray()
        while piece := response.read(_PIECE):
            content += piece
            if len(content) > self.size_most:
                raise too_large
        if response.length:
            raise http.client.IncompleteRead(bytes(content), response.length)
        return bytes(content), url

    def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses to connect to. A name that leads to any address that is not public is refused altogether."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotFetched(_("There is no server of this name."), passing=True) from None
        addresses = [str(entry[4][0]) for entry in found]
        if self.public_only and not all(map(is_public, addresses)):
            raise NotFetched(_("The address is not a public one."))
        return addresses[:ADDRESSES_MOST]


class _Pinned(http.client.HTTPSConnection):
    """A connection to one of the addresses that were checked, whatever the name means a moment later."""

    def __init__(self, host: str, port: int, addresses: list[str], context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS, context=context)
        self._addresses, self._tls = addresses, context
        self._line: ssl.SSLSocket | None = None
        self.was_cut = False

    def connect(self) -> None:
        raw = self._first_that_answers()
        # Kept beside `sock`, which http.client lets go as soon as the head of the answer is there.
        self._line = self._tls.wrap_socket(raw, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self._line
        self._line.do_handshake()

    def _first_that_answers(self) -> socket.socket:
        for address in self._addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, self.port), CONNECT_SECONDS)
        return socket.create_connection((self._addresses[-1], self.port), CONNECT_SECONDS)

    def cut(self) -> None:
        """End it from outside: every wait on it fails at once."""
        self.was_cut = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port and path of an https address. Raises NotFetched for any other."""
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").encode("idna").decode(), split.port or 443
    except (ValueError, UnicodeError):
        raise NotFetched(_("This is not a valid address.")) from None
    if split.scheme != "https" or not host:
        raise NotFetched(_("The address must begin with https://."))
    if split.username or split.password:
        raise NotFetched(_("The address must not hold a name and password."))
    path = quote(split.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return host, port, path + (f"?{quote(split.query, safe='/%:@!$&()*+,;=~-._?[]')}" if split.query else "")


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet: not private, loopback, link-local, multicast, reserved, nor an IPv6
    form of such an IPv4 address (mapped, 6to4, Teredo, NAT64)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _TRANSLATING:
            inner = ipaddress.IPv4Address(ip.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
