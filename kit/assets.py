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
IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class BadImage(Invalid):
    """The content is not an image that the marketplace takes."""

    code = "bad_image"


def store_image(content: bytes, *, field: str | None = None) -> Asset:
    """Check an image by its content and keep it; the same content is kept once. Raises BadImage."""
    kind, width, height = _inspect(content, field)
    digest = hashlib.sha256(content).hexdigest()
    found = Asset.objects.filter(sha256=digest).first()
    if found is not None and default_storage.exists(path_of(digest)):
        return found
    if not default_storage.exists(path_of(digest)):
        default_storage.save(path_of(digest), ContentFile(content))
    asset, _made = Asset.objects.get_or_create(
        sha256=digest,
        defaults={"content_type": IMAGE_TYPES[kind], "size": len(content), "width": width, "height": height},
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
