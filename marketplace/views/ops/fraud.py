"""Ops' pages of the account graph: a person's neighbours with the reason of each edge, and case files with what they hold."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import json as kit_json
from kit import paging
from kit.errors import NotFound, ProductError
from marketplace import fraud
from marketplace.forms import Styled
from marketplace.views.client.frame import put_error
from payments import words
from workers import access, graph
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import PersonCase, User

PAGE = 25
WIDTH, HEIGHT = 640, 400


class Finding(Styled):
    """What a person found."""

    outcome = django_forms.ChoiceField(label=gettext_lazy("What was it?"), choices=[("", "—"), *PersonCase.OUTCOMES])
    finding = django_forms.CharField(
        label=gettext_lazy("What you found"), max_length=2_000, widget=django_forms.Textarea(attrs={"rows": 4})
    )


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody in the picture, and where."""

    person: User
    x: float
    y: float
    middle: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A reason between two people in the picture; several between the same two lie beside each other."""

    a: Node
    b: Node
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The graph around somebody, drawn on the server; its table says the same in words, a row for each two people."""

    nodes: list[Node]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def pairs(self) -> list[list[Line]]:
        """The reasons between each two people, in the order of the first one."""
        found: dict[frozenset[uuid.UUID], list[Line]] = {}
        for line in self.lines:
            found.setdefault(frozenset((line.a.person.pk, line.b.person.pk)), []).append(line)
        return list(found.values())


def draw(person_id: uuid.UUID, edges: list[tuple[uuid.UUID, uuid.UUID, str, str]]) -> Picture:
    """The person in the middle, neighbours around, in the order of their reasons."""
    others = list(dict.fromkeys(end for a, b, _kind, _words in edges for end in (a, b) if end != person_id))
    known = User.objects.in_bulk([person_id, *others])
    nodes = {person_id: Node(known[person_id], WIDTH / 2, HEIGHT / 2, True)}
    for at, other in enumerate(others):
        angle = 2 * math.pi * at / len(others) - math.pi / 2
        x, y = WIDTH / 2 + 215 * math.cos(angle), HEIGHT / 2 + 150 * math.sin(angle)
        nodes[other] = Node(known[other], round(x, 1), round(y, 1), False)
    lines = [Line(nodes[a], nodes[b], kind, words) for a, b, kind, words in edges]
    return Picture(list(nodes.values()), lines)


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def neighbours(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Who shares what with this person, and opening a case."""
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        raise NotFound(_("There is no such person."))
    edges = [(edge.a, edge.b, edge.kind, edge.words) for edge in graph.around(person_id)]
    cases = PersonCase.objects.filter(person=person).order_by("-opened_at")
    return render(request, "ops/neighbours.html", {
        "person": person, "picture": draw(person_id, edges), "cases": cases,
        "open_case": next((one for one in cases if one.closed_at is None), None),
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")},
                   {"label": person.name, "url": reverse("market:ops_person", args=[person.pk])}],
    })  # fmt: skip


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def begin(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Open a case with the neighbours as they are now."""
    with transaction.atomic(durable=True):
        made = fraud.open_case(
            person_id=person_id, note=request.POST.get("note", "")[:2_000], by_id=request.user.pk, now=timezone.now()
        )
    return redirect("market:ops_fraud_case", case_id=made.pk)


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def listing(request: PersonRequest) -> HttpResponse:
    """Every case, the latest first."""
    rows = PersonCase.objects.select_related("person", "opened_by", "closed_by")
    page = paging.page(rows, order="-opened_at", cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("About")}, {"label": _("Reasons"), "num": True}, {"label": _("Opened"), "tight": True}, {"label": _("By")},
        {"label": _("Outcome")},
    ]  # fmt: skip
    return render(request, "ops/fraud.html", {
        "page": page, "rows": page.rows, "columns": columns,
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")}],
    })  # fmt: skip


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def one(request: PersonRequest, case_id: uuid.UUID) -> HttpResponse:
    """A case: the picture as it was, what it holds, and closing it with a finding."""
    case, form = fraud.find(case_id), Finding(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                fraud.close(case=case, by_id=request.user.pk, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Closed. What was held is free again."))
            return redirect("market:ops_fraud_case", case_id=case_id)
        except ProductError as error:
            put_error(form, error)
    edges = [(uuid.UUID(row["a"]), uuid.UUID(row["b"]), row["kind"], row["note"]) for row in case.reasons]
    people = User.objects.in_bulk([case.person_id, *(uuid.UUID(each) for each in case.others)])
    open_now = case.closed_at is None
    return render(request, "ops/fraud_case.html", {
        "case": case, "form": form, "picture": draw(case.person_id, edges), "open": open_now,
        "holdable": _holdable(case, people) if open_now else [],
        "held": fraud.held(case), "days": fraud.HELD_AT_MOST.days,
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")},
                   {"label": _("Cases about accounts"), "url": reverse("market:ops_fraud")}],
    }, status=422 if form.errors else 200)  # fmt: skip


def _holdable(case: PersonCase, people: dict[uuid.UUID, User]) -> list[dict[str, Any]]:
    """Earnings with whose they are and what each was for."""
    found = fraud.holdable_by_worker(case)
    rows = words.earnings([view for _worker, view in found])
    return [row | {"person": people.get(worker)} for (worker, _view), row in zip(found, rows, strict=True)]


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
@access.reauthenticated
def hold(request: PersonRequest, case_id: uuid.UUID) -> HttpResponse:
    """Hold the earnings that were ticked, and no others."""
    ticked = [found for text in request.POST.getlist("earning")[:100] if (found := _uuid(text))]
    with transaction.atomic(durable=True):
        fraud.hold(case=fraud.find(case_id), earning_ids=ticked, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Held. The people are told, and everything else is paid as usual."))
    return redirect("market:ops_fraud_case", case_id=case_id)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def let_go(request: PersonRequest, case_id: uuid.UUID) -> HttpResponse:
    """Free everything that the case holds."""
    with transaction.atomic(durable=True):
        fraud.let_go(case=fraud.find(case_id), by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("What was held is free again."))
    return redirect("market:ops_fraud_case", case_id=case_id)


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def file(request: PersonRequest, case_id: uuid.UUID) -> HttpResponse:
    """The case file as JSON, to hand on: ids, reasons, holds, finding."""
    content: Any = json.loads(kit_json.dumps(fraud.as_file(fraud.find(case_id))))
    response = HttpResponse(json.dumps(content, indent=2, ensure_ascii=False), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="case-{case_id}.json"'
    return response
