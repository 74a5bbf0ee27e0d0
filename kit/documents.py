"""Documents that people hand in as proof: checked by content, stripped of what could run, and kept as assets."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from kit import assets
from kit.errors import Invalid
from kit.models import Asset

MAX_BYTES = 10 * 1024 * 1024
UNPACKED_MOST = 20 * 1024 * 1024
"""Of the packed parts of a document, what is unpacked to look at it: a bomb ends here."""
LONGEST_SIDE = 4_000
ZIP_END, ZIP_TAIL = b"PK\x05\x06", 65_557
"""A ZIP is found by its end, which stands in the last 65,557 bytes (APPNOTE 4.3.16)."""
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
RUNS = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|Encrypt)(?![A-Za-z0-9])")
"""Names in a PDF (ISO 32000-2) that make it do something, carry another file, or hide what it holds."""


class BadDocument(Invalid):
    """The content is no document that is taken as proof."""

    code = "bad_document"


def store(content: bytes, *, field: str | None = None) -> Asset:
    """Check a PDF or a picture by its content and keep it. A picture is drawn anew, so that nothing else comes along:
    no place where it was taken, no second file behind it. Raises BadDocument."""
    if not content:
        raise BadDocument(_("The document is empty."), field=field)
    if len(content) > MAX_BYTES:
        raise BadDocument(_("The document is larger than 10 MB."), field=field)
    if content.startswith((b"%PDF-1.", b"%PDF-2.")):
        _check_pdf(content, field)
        return assets.keep(content, content_type="application/pdf")
    return _store_picture(content, field)


def _store_picture(content: bytes, field: str | None) -> Asset:
    try:
        assets.check_image(content, field=field)
    except assets.BadImage as refusal:
        raise BadDocument(_("Expected a PDF, or a picture as JPEG, PNG or WebP."), field=field) from refusal
    try:
        with Image.open(io.BytesIO(content)) as opened:
            drawn = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise BadDocument(_("This is not a readable picture."), field=field) from None
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=88)
    return assets.keep(out.getvalue(), content_type="image/jpeg", width=drawn.width, height=drawn.height)


def _check_pdf(content: bytes, field: str | None) -> None:
    """A whole PDF and nothing but a PDF, without scripts, embedded files, forms that run, or a password."""
    if not content.rstrip(b"\r\n\x00 ").endswith(b"%%EOF") or ZIP_END in content[-ZIP_TAIL:]:
        raise BadDocument(_("This PDF is damaged, or another file hides in it. Print it to a new PDF and try again."), field=field)
    for part in _written(content):
        if RUNS.search(ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), part)):
            raise BadDocument(
                _("This PDF has scripts, attachments or a password. Print it to a new PDF and try again."), field=field
            )


def _written(content: bytes) -> Iterator[bytes]:
    """What is written in a PDF: everything outside its streams, and the streams that hold objects, unpacked within bounds."""
    yield STREAM.sub(b"", content)
    left = UNPACKED_MOST
    for found in STREAM.finditer(content):
        if b"/ObjStm" not in content[max(0, found.start() - 1_000) : found.start()]:
            continue
        try:
            part = zlib.decompressobj().decompress(found[1].lstrip(b"\r\n"), max(left, 1))
        except zlib.error:
            part = found[1]
        left -= len(part)
        if left <= 0:
            yield b"/Encrypt"  # more than anybody can look through hides what it holds
            return
        yield part
