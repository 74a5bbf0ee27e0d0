"""Documents of strangers: only whole PDFs and pictures, nothing that runs, nothing that hides, nothing that explodes."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from PIL import Image

from kit import assets, documents

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


@pytest.fixture(autouse=True)
def _storage(settings: object, tmp_path: object) -> None:
    settings.STORAGES = settings.STORAGES | {  # type: ignore[attr-defined]
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    return out.getvalue()


def with_stream(header: bytes, content: bytes) -> bytes:
    return PDF.replace(b"trailer", b"2 0 obj\n<< " + header + b" >>\nstream\n" + content + b"\nendstream\nendobj\ntrailer")


def test_a_plain_pdf_is_kept_as_it_is() -> None:
    kept = documents.store(PDF)
    assert kept.content_type == "application/pdf" and assets.read(kept) == PDF
    assert documents.store(with_stream(b"/Length 9", b"/JS /Launch in a picture's bytes")).content_type == "application/pdf"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"GIF89a not really",
        zipped(),
        PDF + zipped(),
        PDF.replace(b"%%EOF", b""),
        b"junk" + PDF,
        PDF.replace(b"/Type", b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> /Type"),
        PDF.replace(b"/Type", b"/AA << /S /#4aavaScript >> /Type"),
        PDF.replace(b"/Type", b"/S /Launch /Type"),
        PDF.replace(b"/Type", b"/Names << /EmbeddedFiles 3 0 R >> /Type"),
        PDF.replace(b"/Root", b"/Encrypt 4 0 R /Root"),
        with_stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(b"<< /S /JavaScript >>")),
        with_stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(b" " * (documents.UNPACKED_MOST + 1))),
        picture()[:200],
        picture("PNG")[:40],
    ],
)  # fmt: skip
def test_what_is_no_document_or_does_more_than_show_is_refused(content: bytes) -> None:
    with pytest.raises(documents.BadDocument):
        documents.store(content, field="proof")


def test_a_picture_is_drawn_anew_so_that_nothing_comes_along() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    out = io.BytesIO()
    Image.new("RGB", (50, 40), "navy").save(out, "JPEG", exif=exif)
    kept = assets.read(documents.store(out.getvalue() + zipped()))
    assert b"where I live" not in kept and b"PK\x05\x06" not in kept
    assert Image.open(io.BytesIO(kept)).size == (50, 40)


def test_too_large_and_too_many_pixels_are_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(documents.BadDocument):
        documents.store(PDF + b" " * documents.MAX_BYTES)
    monkeypatch.setattr(assets, "MAX_PIXELS", 100)
    with pytest.raises(documents.BadDocument):
        documents.store(picture())
