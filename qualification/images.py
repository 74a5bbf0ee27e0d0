"""Images of exam questions: taken in by makers, shown to whoever has the question before them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kit import assets
from kit.errors import NotFound
from kit.models import Asset
from qualification import papers
from qualification.models import AttemptItem
from qualification.states import LIVE

PREFIX = "asset:"


def address(name: str, of_asset: Callable[[str], str]) -> str:
    """The address of an image of a payload: ours for stored ones, the name itself for others."""
    return of_asset(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else name


def of_question(row: AttemptItem, digest: str) -> HttpResponse:
    """The image, if the question shows it and the attempt is live. Raises NotFound."""
    if row.attempt.state != LIVE or not papers.shows_image(row, digest):
        raise NotFound(_("There is no such image."))
    return respond(digest)


def respond(digest: str) -> HttpResponse:
    """The stored image itself, kept by the browser for this person only. Raises NotFound."""
    asset = Asset.objects.filter(pk=digest).first()
    if asset is None:
        raise NotFound(_("There is no such image."))
    response = HttpResponse(assets.read(asset), content_type=asset.content_type)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
