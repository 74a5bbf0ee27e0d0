"""Files under the name of their content: checked once on the way in, kept in Django's storage, served by who owns them."""

from __future__ import annotations

import hashlib
import io
import warnings

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from kit.errors import Invalid
from kit.models import Asset

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
AUDIO_MP4 = ("M4A ", "M4B ", "mp41", "mp42", "isom", "iso2", "iso5", "iso6", "dash")
"""Brands of MP4 files (ISO 14496-12) that hold sound or may hold nothing else; pictures and QuickTime films have others."""
IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class BadImage(Invalid):
    """The content is not an image that the marketplace takes."""

    code = "bad_image"


class BadAudio(Invalid):
    """The content is not a recording that the marketplace takes."""

    code = "bad_audio"


def store_image(content: bytes, *, field: str | None = None) -> Asset:
    """Check an image by its content and keep it; the same content is kept once. Raises BadImage."""
    kind, width, height = _inspect(content, field)
    return keep(content, content_type=IMAGE_TYPES[kind], width=width, height=height)


def store_audio(content: bytes, *, field: str | None = None) -> Asset:
    """Check a recording by its first bytes and keep it; the same content is kept once. Raises BadAudio."""
    if not content:
        raise BadAudio(_("The recording is empty."), field=field)
    if len(content) > MAX_BYTES:
        raise BadAudio(_("The recording is larger than 20 MB."), field=field)
    content_type = _audio_type(content[:12])
    if content_type is None:
        raise BadAudio(_("Expected an MP3, WAV, Ogg or M4A recording."), field=field)
    return keep(content, content_type=content_type)


def check_image(content: bytes, *, field: str | None = None) -> None:
    """An image that the marketplace takes, within its bounds. Raises BadImage."""
    _inspect(content, field)


def keep(content: bytes, *, content_type: str, width: int | None = None, height: int | None = None) -> Asset:
    """Keep what was checked; the same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    found = Asset.objects.filter(sha256=digest).first()
    if found is not None and default_storage.exists(path_of(digest)):
        return found
    if not default_storage.exists(path_of(digest)):
        default_storage.save(path_of(digest), ContentFile(content))
    asset, _made = Asset.objects.get_or_create(
        sha256=digest,
        defaults={"content_type": content_type, "size": len(content), "width": width, "height": height},
    )
    return asset


def path_of(digest: str) -> str:
    """Where the storage keeps a content."""
    return f"assets/{digest[:2]}/{digest}"


def read(asset: Asset) -> bytes:
    with default_storage.open(path_of(asset.sha256)) as stored:
        return bytes(stored.read())


def _inspect(content: bytes, field: str | None) -> tuple[str, int, int]:
    """Format, width and height by content alone; size and pixel bounds stop bombs before anything is decoded."""
    if not content:
        raise BadImage(_("The image is empty."), field=field)
    if len(content) > MAX_BYTES:
        raise BadImage(_("The image is larger than 20 MB."), field=field)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                kind, (width, height) = image.format or "", image.size
                if kind not in IMAGE_TYPES:
                    raise BadImage(_("Expected a JPEG, PNG, GIF or WebP image."), field=field)
                if width * height > MAX_PIXELS:
                    raise BadImage(_("The image has more than 50 million pixels."), field=field)
                image.verify()
    except BadImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage(_("The image has more than 50 million pixels."), field=field) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError):
        raise BadImage(_("This is not a readable image."), field=field) from None
    return kind, width, height


def _audio_type(head: bytes) -> str | None:
    """The type of a recording by its first bytes; None when they are those of nothing that we take."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:4] == b"OggS":
        return "audio/ogg"
    if head[4:8] == b"ftyp" and head[8:12].decode("latin-1") in AUDIO_MP4:
        return "audio/mp4"
    if head[:3] == b"ID3" or _is_mpeg_frame(head):
        return "audio/mpeg"
    return None


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether a frame of MPEG layer III begins here: eleven bits set, and none of the values that the standard keeps free."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, rate, frequency = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and rate not in (0, 15) and frequency != 3
