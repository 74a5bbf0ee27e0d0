"""A real Chromium on pages that hold one task each, under the site's policy: scripts and styles from the site alone."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from task_types import interface, registry
from task_types.contract import Json

BUILT = Path(__file__).resolve().parents[2] / "static_build"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def pages() -> Iterator[tuple[str, dict[str, tuple[str, bytes]]]]:
    """The address of a small server and what it serves by path; the built bundle is served from disk."""
    served: dict[str, tuple[str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = served.get(self.path) or _built(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", served
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_task(chromium: Browser, pages: tuple[str, dict[str, tuple[str, bytes]]]) -> Iterator[Open]:
    """Opens a page with one task; at the end nothing may have been complained about."""
    address, served = pages
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900})

    def open_it(slug: str, settings: Json, row: Json, *, width: int = 1280, ready: bool = True, **more: Any) -> Page:
        drawer = registry.drawer(slug)
        checked = drawer.check_settings(settings)
        payload, problems = drawer.compile_payload_check(checked)(row)
        assert payload is not None, problems
        more = {"image_url": lambda name: f"/files/{name}"} | more
        island = interface.island(drawer, settings=checked, payload=payload, **more)
        served["/"] = ("text/html; charset=utf-8", _page(island))
        for name, file in chain.from_iterable(known.sample().files().items() for known in registry.drawers().values()):
            served[f"/files/{name}"] = (mimetypes.guess_type(name)[0] or "", file)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        if ready:
            page.locator("[data-task-root].task").wait_for()
        return page

    yield open_it
    context.close()
    assert complaints == []


def _built(path: str) -> tuple[str, bytes]:
    file = (BUILT / path.lstrip("/")).resolve()
    known = BUILT in file.parents and file.is_file()
    return mimetypes.guess_type(path)[0] or "text/plain", file.read_bytes() if known else b""


def _page(island: Json) -> bytes:
    data = json.dumps(island).replace("<", "\\u003c")
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Task</title><link rel="icon" href="data:,">
      <link rel="stylesheet" href="/site.css"><link rel="stylesheet" href="/workspace.css">
      <script type="module" src="/workspace.js"></script></head><body><div data-task-root></div>
      <script type="application/json" id="task-data">{data}</script></body></html>""".encode()
