"""Stored images as answers to the browser; each view decides who may see which."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kit import assets
from kit.errors import NotFound
from kit.models import Asset


def send(digest: str) -> HttpResponse:
    """The bytes of a stored image, cached by the browser: its name is its content. Raises NotFound."""
    asset = Asset.objects.filter(sha256=digest).first()
    if asset is None:
        raise NotFound(_("There is no such image."))
    return HttpResponse(
        assets.read(asset), content_type=asset.content_type,
        headers={"Cache-Control": "private, max-age=86400, immutable", "Content-Disposition": "inline"},
    )
