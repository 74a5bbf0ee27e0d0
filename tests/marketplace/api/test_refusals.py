"""Eve is refused everywhere, and nothing moves; bad bodies are told what is wrong with them, never answered with 500."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from marketplace.models import Batch, Lease, Project, Submission
from tests import people
from tests.marketplace.api import callers, test_walk
from tests.marketplace.api.callers import Caller
from workers.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS_THINGS = [
    ("get", "projects/{project}/"), ("patch", "projects/{project}/"), ("post", "projects/{project}/archive/"),
    ("get", "projects/{project}/guidelines/"), ("post", "projects/{project}/guidelines/"), ("get", "projects/{project}/rates/"),
    ("post", "projects/{project}/rates/"), ("get", "projects/{project}/gold/"), ("post", "projects/{project}/gold/"),
    ("get", "batches/{batch}/"), ("get", "batches/{batch}/tasks/"), ("post", "batches/{batch}/tasks/"),
    ("get", "batches/{batch}/uploads/"), ("get", "batches/{batch}/try/"), ("post", "batches/{batch}/try/"),
    ("post", "batches/{batch}/launch/"), ("post", "batches/{batch}/pause/"), ("post", "batches/{batch}/resume/"),
    ("post", "batches/{batch}/close/"), ("post", "batches/{batch}/priority/"), ("get", "batches/{batch}/results/"),
    ("get", "batches/{batch}/export/"), ("get", "submissions/{submission}/"), ("post", "submissions/{submission}/judge/"),
]  # fmt: skip
BODIES: dict[str, Any] = {
    "guidelines/": {"markdown": "# Mine now"}, "rates/": {"amount": {"amount": "9.00", "currency": "USD"}},
    "gold/": {"rows": [{"row": {"text": "x"}, "answer": {"label": "sunny"}}]}, "tasks/": {"rows": [{"text": "x"}]},
    "try/": {"seconds": 5}, "priority/": {"priority": 99}, "judge/": {"decision": "reject", "reason": "wrong", "clause": "1"},
}  # fmt: skip


def body_for(path: str) -> Any:
    return next((body for ending, body in BODIES.items() if path.endswith(ending)), {})


def send(caller: Caller, verb: str, path: str) -> tuple[int, Any]:
    if verb == "get":
        return caller.get(path)
    return caller.patch(path, {"name": "Mine"}) if verb == "patch" else caller.post(path, body_for(path))


class Scene:
    """Mira's running batch with an answer that waits for her word, and Ana who gave it."""

    def __init__(self) -> None:
        self.mira, self.shop = callers.client()
        self.ana = callers.worker()
        self.batch = test_walk.launch(self.mira, self.shop, ["one", "two"], review_rule="client")
        self.project = self.mira.get(f"batches/{self.batch}/")[1]["project"]
        lease = self.ana.post("leases/")[1]["lease"]["id"]
        made = self.ana.post(f"leases/{lease}/submit/", {"answer": {"label": "sunny"}})[1]
        self.submission = made["submission"]
        self.lease = self.ana.post("leases/")[1]["lease"]["id"]

    def address(self, path: str) -> str:
        return path.format(project=self.project, batch=self.batch, submission=self.submission, lease=self.lease)

    def state(self) -> Any:
        """What must not have moved."""
        return (
            Project.objects.values_list("name", "archived_at", "rule_version").get(pk=self.project),
            Batch.objects.values_list("state", "priority", "task_count").get(pk=self.batch),
            Submission.objects.values_list("state", "answer").get(pk=self.submission),
            Lease.objects.values_list("state", "expires_at").get(pk=self.lease),
            Project.objects.get(pk=self.project).guidelines.count(), Project.objects.get(pk=self.project).rates.count(),
            Project.objects.get(pk=self.project).gold_answers.count(), people.prepaid(self.shop),
        )


def test_a_client_of_another_organisation_finds_nothing_of_miras() -> None:
    scene = Scene()
    eve, _own = callers.client("Eve")
    before = scene.state()
    for verb, path in CLIENTS_THINGS:
        status, problem = send(eve, verb, scene.address(path))
        assert (status, problem["code"]) == (404, "not_found"), f"{verb} {path}"
    assert scene.state() == before
    assert eve.get("projects/")[1]["results"] == [] and eve.get("batches/")[1]["results"] == []
    assert eve.get("submissions/")[1]["results"] == []
    assert eve.post("batches/", {"project": scene.project, "name": "Mine"})[0] == 404
    refused = eve.post("submissions/judge/", {"submissions": [scene.submission], "decision": "accept"})[1]["refused"]
    assert refused[0]["code"] == "not_found" and scene.state() == before


def test_a_worker_and_ops_do_not_pass_the_clients_doors_nor_a_client_theirs() -> None:
    scene = Scene()
    before = scene.state()
    for verb, path in CLIENTS_THINGS:
        assert send(scene.ana, verb, scene.address(path))[0] in (403, 404), path
    assert scene.mira.get("ops/batches/")[0] == 403 and scene.ana.get("ops/batches/")[0] == 403
    assert scene.mira.post("leases/")[0] == 403 and scene.mira.get("work/")[0] == 403
    assert callers.ops().post("leases/")[0] == 403, "people of ops do no paid work"
    assert scene.state() == before


def test_what_a_worker_holds_is_nobody_elses() -> None:
    scene = Scene()
    eve = callers.worker("Eve")
    before = scene.state()
    for path, body in (
        ("beat/", {"had_input": True}), ("pause/", {}), ("resume/", {}), ("give-back/", {}),
        ("submit/", {"answer": {"label": "rainy"}}),
    ):  # fmt: skip
        assert eve.post(f"leases/{scene.lease}/{path}", body)[0] == 404, path
    assert eve.put(f"leases/{scene.lease}/draft/", {"answer": {"label": "rainy"}})[0] == 404
    assert eve.get(f"leases/{scene.lease}/")[0] == 404 and eve.get(f"leases/{scene.lease}/images/{'0' * 64}/")[0] == 404
    assert eve.get(f"work/submissions/{scene.submission}/")[0] == 404
    assert eve.post(f"work/submissions/{scene.submission}/take-up/")[0] == 404
    assert eve.post(f"work/lapsed/{uuid.uuid4()}/resume/")[0] == 404
    assert eve.get("work/submissions/")[1]["results"] == []
    assert scene.state() == before


def test_a_token_does_no_more_than_its_scopes_and_a_viewer_only_reads() -> None:
    scene = Scene()
    reader = Caller(scene.mira.user, ["client:read"], scene.shop)
    before = scene.state()
    assert reader.get(f"batches/{scene.batch}/")[0] == 200
    assert reader.post(f"batches/{scene.batch}/pause/")[0] == 403
    viewer = people.person("Vic")
    Membership.objects.create(user=viewer, organisation=scene.shop, role="viewer", since=people.NOW)
    assert Caller(viewer, ["client:read"], scene.shop).get("projects/")[0] == 200
    own = Caller(scene.ana.user, ["payments"])
    assert own.get("work/")[0] == 403 and own.post("leases/")[0] == 403
    assert scene.state() == before


def test_without_a_token_or_with_a_false_one_nobody_passes() -> None:
    scene = Scene()
    stranger = Caller(people.person("Eve"), ["payments"])
    for authorization in ("", "Bearer mk_aaaaaaaaaaaa_bbbbbbbbbbbbbbbb", "Bearer nonsense"):
        stranger.http.credentials(**({"HTTP_AUTHORIZATION": authorization} if authorization else {}))
        if not authorization:
            stranger.http.defaults.pop("HTTP_AUTHORIZATION", None)
        status, problem = stranger.get(f"batches/{scene.batch}/")
        assert status == 401 and problem["code"] in ("not_authenticated", "authentication_failed")


@pytest.mark.parametrize(("content", "status", "word"), [
    (b"{", 400, "JSON"), (b"\xff\xfe{}", 400, "JSON"), (b'{"name": "a\\u0000b"}', 400, "NUL"), (b"[]", 422, ""),
    (b'"text"', 422, ""), (b"12", 422, ""), (b"null", 422, ""), (b'{"name": 12, "task_type": [], "settings": 1}', 422, ""),
    (b'{"name": "x", "task_type": "choice", "settings": {"labels": ["a", "b"]}, "overlap": 1e400}', 400, "JSON"),
    (b'{"name": "x", "task_type": "choice", "settings": {"labels": ["a", "b"]}, "overlap": 99999999999999999999}', 422, ""),
    (b'{"name": "x", "task_type": "nothing", "settings": {}}', 404, ""), (b'{"nmae": "x"}', 422, "no such field"),
    (b'{"name": "x", "task_type": "choice", "settings": {"labels": ["a", "b"]}, "eligibility": {"all": "x"}}', 422, ""),
    (b"[" * 5_000, 400, "JSON"),
])  # fmt: skip
def test_a_bad_body_is_told_what_is_wrong(content: bytes, status: int, word: str) -> None:
    mira, _shop = callers.client()
    got, problem = mira.raw("projects/", content)
    assert got == status, problem
    assert problem["status"] == status and problem["detail"] and word in str(problem)
    assert Project.objects.count() == 0


def test_other_bodies_than_json_and_huge_ones_are_refused() -> None:
    mira, _shop = callers.client()
    assert mira.raw("projects/", b"name=x", content_type="application/x-www-form-urlencoded")[0] == 415
    status, problem = mira.raw("projects/", b'{"name": "' + b"x" * (11 * 1024 * 1024) + b'"}')
    assert (status, problem["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [
    None, [], "x", {}, {"answer": None}, {"answer": []}, {"answer": {"label": "snowy"}}, {"answer": {"label": ["sunny"]}},
    {"answer": {"label": "sunny"}, "more": 1}, {"answer": {"label": "sunny", "comment": "x"}}, {"answer": "sunny"},
])  # fmt: skip
def test_a_bad_answer_is_refused_and_the_lease_stays(body: Any) -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    test_walk.launch(mira, shop, ["one"])
    lease = ana.post("leases/")[1]["lease"]["id"]
    status, problem = ana.raw(f"leases/{lease}/submit/", json.dumps(body).encode())
    assert status == 422 and problem["detail"]
    assert ana.get("leases/current/")[1][0]["id"] == lease
    assert ana.post(f"leases/{lease}/submit/", {"answer": {"label": "sunny"}})[0] == 201


@pytest.mark.parametrize(("path", "query"), [
    ("projects/", {"cursor": "nonsense"}), ("projects/", {"limit": "0"}), ("projects/", {"limit": "x"}),
    ("batches/", {"state": "no"}),
    ("batches/", {"project": "no"}), ("submissions/", {"batch": "\x00"}), ("submissions/", {"state": "\x00"}),
    ("batches/", {"cursor": "eyJhdCI6ICJ4IiwgInBrIjogInkiLCAiYmFjayI6IGZhbHNlfQ"}),
])  # fmt: skip
def test_a_bad_query_is_told_what_is_wrong(path: str, query: dict[str, str]) -> None:
    mira, _shop = callers.client()
    status, problem = mira.get(path, **query)
    assert status == 422 and problem["errors"][0]["field"] in query


def test_asking_for_nonsense_is_refused() -> None:
    ana = callers.worker()
    for body in ({"kind": "party"}, {"kind": 1}, {"project": "x"}, {"project": 5}, {"other": 1}):
        assert ana.post("leases/", body)[0] == 422, body
    assert ana.raw("leases/", b"[]")[0] == 422
    status, answer = ana.post("leases/")
    assert status == 200 and answer["lease"] is None and answer["why"]["code"] == "nothing_open_to_you"

