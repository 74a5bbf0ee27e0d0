"""Addresses in the pages that ops and organisations share."""

from __future__ import annotations

from typing import Any

from django import template

from qualification.views.makers import address

register = template.Library()


@register.simple_tag(takes_context=True)
def maker_url(context: dict[str, Any], name: str, *args: Any) -> str:
    """The page of this name, of the platform or of the organisation whose pages these are (`owner` in the context)."""
    return address(context.get("owner"), name, *args)
