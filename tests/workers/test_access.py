"""Nobody comes in unless the door says so: pages, API, and the list of all doors."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import BasePermission
from rest_framework.views import APIView

from tests import people
from tests.workers.doors import browser, program
from workers import access
from workers import people as persons
from workers.models import Membership, Organisation, User

pytestmark = pytest.mark.django_db

OURS = ("workers.", "qualification.")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, Any]]:
    """Every address with its view."""
    found: list[tuple[str, Any]] = []
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern, path)
        elif isinstance(pattern, URLPattern):
            found.append((path, pattern.callback))
    return found


def test_every_page_and_every_api_view_says_who_may_open_it() -> None:
    silent = [path for path, view in routes() if access.access_of(view) is None and not access.is_of_a_library(view)]
    assert silent == []


def test_no_door_of_ours_is_open_to_everybody_but_the_invitation() -> None:
    open_doors = {
        path
        for path, view in routes()
        if (stated := access.access_of(view)) is not None
        and stated.audience == "public"
        and getattr(view, "__module__", "").startswith(OURS)
    }
    assert open_doors == {"invitations/<str:token>/"}


def test_a_view_that_says_nothing_is_opened_by_nobody() -> None:
    def careless(request: HttpRequest) -> HttpResponse:
        return HttpResponse("secret")

    guard = access.DenyByDefault(careless)  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied):
        guard.process_view(RequestFactory().get("/"), careless, (), {})
    guard.process_view(RequestFactory().get("/"), access.public(careless), (), {})


def test_an_api_view_that_says_nothing_is_opened_by_nobody() -> None:
    class Careless(APIView):
        def get(self, request: Any) -> Any:
            raise AssertionError("nobody comes here")

    assert access.access_of(Careless.as_view()) == access.Access("nobody")
    for user in (people.ops("Olu", "admin"), people.worker()):
        request = RequestFactory().get("/")
        request.user = user
        assert Careless.as_view()(request).status_code == 403


@pytest.mark.parametrize(
    ("mark", "stated"),
    [
        (access.signed_in, access.Access("signed_in")),
        (access.worker, access.Access("worker")),
        (access.client("manager"), access.Access("client", ("manager",))),
        (access.ops(), access.Access("ops")),
        (access.ops("finance"), access.Access("ops", ("finance",))),
    ],
)
def test_a_guard_tells_the_matrix_what_it_guards(mark: Any, stated: access.Access) -> None:
    assert access.access_of(mark(lambda request: HttpResponse())) == stated


def test_misspelt_roles_stop_the_start() -> None:
    for mistake in (
        lambda: access.client("boss"),
        lambda: access.ops("king"),
        lambda: access.Ops("king"),
        lambda: access.Client("x"),
    ):
        with pytest.raises(ValueError, match="no"):
            mistake()


@pytest.fixture
def lab() -> Organisation:
    return people.client("Mira")[1]


def member(lab: Organisation, role: str) -> User:
    user = people.person(role.title())
    Membership.objects.create(user=user, organisation=lab, role=role, since=people.NOW)
    return user


def test_strangers_are_sent_to_sign_in_and_come_back() -> None:
    answer = Client().get("/work/standing/")
    assert answer.status_code == 302
    assert answer["Location"] == "/account/login/?next=/work/standing/"
    fragment = Client().get("/work/standing/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (401, "/account/login/")


def test_a_workers_page_is_for_workers_and_not_for_ops() -> None:
    ana, eve = people.worker(), people.person("Eve")
    both = people.worker("Both")
    persons.give_role(user_id=both.pk, role="finance", by_id=None, now=people.NOW)
    assert browser(ana).get("/work/standing/").status_code == 200
    assert browser(eve).get("/work/standing/").status_code == 403
    assert browser(both).get("/work/standing/").status_code == 403


def test_for_strangers_a_clients_page_does_not_exist(lab: Organisation) -> None:
    address = f"/client/{lab.slug}/members/"
    assert browser(member(lab, "viewer")).get(address).status_code == 200
    for stranger in (people.person("Eve"), people.worker(), people.ops("Olu", "admin"), people.client("Ned")[0]):
        assert browser(stranger).get(address).status_code == 404
    assert browser(member(lab, "viewer")).get("/client/nowhere/members/").status_code == 404


def test_an_ops_page_asks_for_one_of_its_roles_or_admin() -> None:
    for role, status in (("admin", 200), ("pool_manager", 200), ("quality_lead", 200), ("finance", 403)):
        assert browser(people.ops(role, role)).get("/ops/appeals/").status_code == status, role
    assert browser(people.worker()).get("/ops/people/").status_code == 403
    assert browser(people.ops("Fin", "finance")).get("/ops/people/").status_code == 200


def test_outside_the_embedded_default_ops_need_a_second_factor(settings: Any) -> None:
    settings.OPS_NEEDS_MFA = True
    answer = browser(people.ops()).get("/ops/people/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/2fa/")


class TestTheAPI:
    def test_strangers_and_bad_tokens_get_401_with_a_challenge(self) -> None:
        for client in (Client(), Client(headers={"authorization": "Bearer mk_aaaaaaaaaaaa_b"})):
            answer = client.get("/api/v1/me/")
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert answer["Content-Type"] == "application/problem+json"

    def test_a_token_does_only_what_its_scopes_say(self, lab: Organisation) -> None:
        manager = member(lab, "manager")
        reader, writer = (program(manager, f"client:{what}", organisation=lab) for what in ("read", "write"))
        address = f"/api/v1/organisations/{lab.slug}/invitations/"
        body = {"email": "wen@example.test", "role": "viewer"}
        assert reader.get(address).status_code == 200
        assert writer.get(address).status_code == 200
        refused = reader.post(address, body, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (403, "refused")
        assert lab.invitations.count() == 0
        assert writer.post(address, body, content_type="application/json").status_code == 201

    def test_a_token_of_one_organisation_is_a_stranger_at_the_other(self, lab: Organisation) -> None:
        mira, firm = people.client("Ned")
        Membership.objects.create(user=mira, organisation=lab, role="owner", since=people.NOW)
        client = program(mira, "client:read", organisation=firm)
        assert client.get(f"/api/v1/organisations/{firm.slug}/").status_code == 200
        assert client.get(f"/api/v1/organisations/{lab.slug}/").status_code == 404

    def test_a_token_outlives_no_membership(self, lab: Organisation) -> None:
        viewer = member(lab, "viewer")
        client = program(viewer, "client:read", organisation=lab)
        assert client.get(f"/api/v1/organisations/{lab.slug}/").status_code == 200
        Membership.objects.filter(user=viewer).delete()
        assert client.get(f"/api/v1/organisations/{lab.slug}/").status_code == 404

    def test_a_viewer_reads_and_does_not_change(self, lab: Organisation) -> None:
        viewer = browser(member(lab, "viewer"))
        address = f"/api/v1/organisations/{lab.slug}/"
        assert viewer.get(address).status_code == 200
        assert viewer.patch(address, {"name": "Mine"}, content_type="application/json").status_code == 403
        lab.refresh_from_db()
        assert lab.name == "Mira Ltd"

    def test_a_browser_needs_the_csrf_token_and_a_program_does_not(self) -> None:
        ana = people.worker()
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ana)
        assert strict.post("/api/v1/me/notices/read/", {}, content_type="application/json").status_code == 403
        assert program(ana, "work").post("/api/v1/me/notices/read/", {}, content_type="application/json").status_code == 200

    def test_a_worker_who_became_ops_takes_no_work(self) -> None:
        both = people.worker("Both")
        client = program(both, "work")
        assert client.get("/api/v1/me/profile/").status_code == 200
        persons.give_role(user_id=both.pk, role="finance", by_id=None, now=people.NOW)
        assert client.get("/api/v1/me/profile/").status_code == 403

    def test_an_ops_token_acts_within_the_roles_of_its_owner(self) -> None:
        finance = program(people.ops("Fin", "finance"), "ops")
        assert finance.get("/api/v1/ops/people/").status_code == 200
        assert finance.get("/api/v1/ops/appeals/").status_code == 403
        assert program(people.worker(), "work").get("/api/v1/ops/people/").status_code == 403

    def test_permissions_are_classes_that_carry_their_access(self) -> None:
        for permission in (
            access.Worker,
            access.Client("viewer"),
            access.Ops("finance"),
            access.Public,
            access.WorkerWith("payments"),
        ):
            assert issubclass(permission, BasePermission)
            assert isinstance(permission.access, access.Access)  # type: ignore[attr-defined]


def test_a_refusal_in_a_page_is_a_page() -> None:
    answer = browser(people.person("Eve")).get("/work/standing/")
    assert answer.status_code == 403
    assert "for people who do tasks" in answer.content.decode()
