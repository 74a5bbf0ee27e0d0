"""A small HTTP client that keeps its lines open: one per thread, any token, JSON both ways."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

import orjson

TIMEOUT = 120.0


class Unexpected(Exception):
    """An answer that the replay cannot go on with."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body; `body` is the parsed JSON, or None."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Gateway:
    """One server. A line that broke is opened anew, and the request sent once more."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unexpected(f"{base_url} is no http address")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._lines = threading.local()

    def send(
        self, method: str, path: str, *, token: str = "", body: Any = None, file: BinaryIO | None = None, size: int = 0,
        content_type: str = "application/json",
    ) -> Answer:
        """One request. Every change that the replay makes may be sent twice: the second time says that it is done."""
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        content: bytes | BinaryIO | None = file
        if method != "GET":
            headers["Content-Type"] = content_type
            if file is None:
                content = orjson.dumps({} if body is None else body)
            else:
                headers["Content-Length"] = str(size)
        for turn in (1, 2):
            if file is not None:
                file.seek(0)
            try:
                return self._once(method, path, content, headers)
            except (OSError, http.client.HTTPException) as error:
                self._close()
                if turn == 2:
                    raise Unexpected(f"{method} {path}: {type(error).__name__}: {error}") from error
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, content: Any, headers: dict[str, str]) -> Answer:
        line = getattr(self._lines, "line", None)
        if line is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            line = self._lines.line = kind(self._host, self._port, timeout=TIMEOUT)
        line.request(method, path, body=content, headers=headers)
        response = line.getresponse()
        raw = response.read()
        return Answer(response.status, orjson.loads(raw) if raw and "json" in response.headers.get("Content-Type", "") else None)

    def _close(self) -> None:
        line = getattr(self._lines, "line", None)
        if line is not None:
            line.close()
            self._lines.line = None


class Caller:
    """Somebody with a token: what does not succeed raises Unexpected with the server's own words."""

    def __init__(self, gateway: Gateway, token: str) -> None:
        self._gateway, self._token = gateway, token

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Whatever the server says."""
        return self._gateway.send(method, f"/api/v1/{path}", token=self._token, body=body, **options)

    def get(self, path: str, **query: Any) -> Any:
        return self._checked("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self._checked("POST", path, body, **options)

    def put(self, path: str, body: Any) -> Any:
        return self._checked("PUT", path, body)

    def each(self, path: str, **query: Any) -> Iterator[Any]:
        """Every row of a list, page by page."""
        address: str | None = f"{path}?{urlencode(query | {'limit': 200})}"
        while address:
            page = self._checked("GET", address, None)
            yield from page["results"]
            following = urlsplit(page["next"] or "")
            address = f"{path}?{following.query}" if following.query else None

    def _checked(self, method: str, path: str, body: Any, **options: Any) -> Any:
        answer = self.ask(method, path, body, **options)
        if answer.status >= 300:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body
