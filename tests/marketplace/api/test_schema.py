"""The schema describes every door without a doubt, and every door says who may pass."""

from __future__ import annotations

import pytest
from django.urls import get_resolver, include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from marketplace import api_urls
from workers.access import access_of

AUDIENCES = {"agency", "client", "worker", "ops"}


@pytest.fixture
def schema() -> dict:
    return SchemaGenerator(patterns=get_resolver().url_patterns).get_schema(request=None, public=True)


def doubts(patterns: list) -> list[str]:
    """What the generator was not sure of."""
    GENERATOR_STATS.reset()
    SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)
    return [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]


def test_the_markets_schema_builds_without_warnings() -> None:
    assert not doubts([path("api/v1/", include("marketplace.api_urls"))])


def test_no_shape_of_the_market_is_called_like_one_of_another_room() -> None:
    said = doubts(list(get_resolver().url_patterns))
    assert not [line for line in said if "identical names" in line and "marketplace.api" in line]


@pytest.mark.parametrize("pattern", api_urls.urlpatterns, ids=lambda pattern: str(pattern.name))
def test_every_door_says_who_may_pass(pattern: object) -> None:
    stated = access_of(pattern.callback)  # type: ignore[attr-defined]
    assert stated is not None and stated.audience != "nobody"


def test_every_door_of_the_market_is_sorted_by_its_audience(schema: dict) -> None:
    own = {f"/api/v1/{pattern.pattern}" for pattern in api_urls.urlpatterns}
    for address, operations in schema["paths"].items():
        if any(address.split("{")[0] == mine.split("<")[0] for mine in own):
            for verb in operations.values():
                assert set(verb["tags"]) <= AUDIENCES, address


KEYLESS = {
    "/api/v1/me/tokens/": "an answer that holds a secret is not kept",
    "/api/v1/me/identity/": "an open check goes on, and its address is for one visit",
    "/api/v1/ops/exam-images/": "content is kept under its own name", "/api/v1/organisations/{org}/exam-images/": "the same",
}


def test_every_change_by_post_takes_an_idempotency_key(schema: dict) -> None:
    posts = {address: operations["post"] for address, operations in schema["paths"].items() if "post" in operations}
    assert len(posts) > 60 and KEYLESS.keys() <= posts.keys()
    without = {
        address for address, said in posts.items()
        if "Idempotency-Key" not in [parameter["name"] for parameter in said.get("parameters", [])]
    }
    assert without == KEYLESS.keys()
