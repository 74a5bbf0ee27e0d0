"""Columns find their fields by name, are checked once, and then the file may be read."""

from __future__ import annotations

import pytest
from django.db import transaction

from kit.errors import Conflict, Invalid
from kit.models import OutboxEvent
from marketplace import batches, intake, projects
from marketplace.intake.plan import NotADraft
from marketplace.models import Batch, Upload
from tests import people
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW

pytestmark = pytest.mark.django_db


def comparisons() -> Batch:
    mira, organisation = people.client()
    with transaction.atomic():
        made = projects.create(
            organisation_id=organisation.id, name="Models", task_type="response_comparison", settings={"mode": "prefer"},
            currency="USD", actor_id=mira.id, now=NOW,
        )
        return batches.open_draft(project=made, name="First", actor_id=mira.id, now=NOW)


def columns(batch: Batch, *names: str) -> Upload:
    return incoming.upload(batch, ",".join(names) + "\n" + ",".join("x" for _name in names) + "\n")


SUGGESTIONS = [
    (("id", "text", "city"), {"id": "external_id", "text": "text"}),
    (("Item ID", "Tweet", "Prediction"), {"Item ID": "external_id", "Tweet": "text", "Prediction": "prelabel"}),
    (("TEXT", "texts"), {"TEXT": "text"}),
    (("texte", "external-id"), {"texte": "text", "external-id": "external_id"}),
    (("uid", "id"), {"id": "external_id"}),
    (("a", "b"), {}),
]


@pytest.mark.parametrize(("names", "expected"), SUGGESTIONS)
def test_columns_are_proposed_by_name(names: tuple[str, ...], expected: dict[str, str]) -> None:
    assert intake.suggest_mapping(columns(incoming.draft(), *names)) == expected


def test_pictures_are_found_by_what_they_are_usually_called() -> None:
    batch = incoming.draft(incoming.boxes())
    assert intake.suggest_mapping(columns(batch, "item_id", "image_url", "width")) == {
        "item_id": "external_id", "image_url": "image", "width": "width",
    }


def test_names_that_differ_on_purpose_are_not_mixed_up() -> None:
    batch = comparisons()
    assert intake.suggest_mapping(columns(batch, "Prompt", "response_b", "Response A", "response_z")) == {
        "Prompt": "prompt", "response_b": "response_b", "Response A": "response_a",
    }


REFUSED: list[tuple[object, str, str]] = [
    ({"text": "text", "id": "text"}, "text", "Two columns"),
    ({"text": "headline"}, "text", "no such field"),
    ({"title": "text"}, "title", "no such column"),
    ({"id": "external_id"}, "text", "at least one column"),
    ({}, "text", "at least one column"),
    (["text"], "mapping", "Expected an object"),
    ({"text": ["text"]}, "text", "no such field"),
]


@pytest.mark.parametrize(("mapping", "field", "message"), REFUSED)
def test_a_mapping_that_does_not_work_names_the_place_and_nothing_moves(mapping: object, field: str, message: str) -> None:
    received = columns(incoming.draft(), "id", "text")
    with pytest.raises(Invalid, match=message) as refused:
        incoming.start(received, mapping)  # type: ignore[arg-type]
    assert refused.value.field == field
    received.refresh_from_db()
    assert (received.status, intake.targets_of(received)) == ("received", {})
    assert not OutboxEvent.objects.filter(name="upload.mapped", payload__upload_id=str(received.pk)).exists()


def test_a_field_that_is_needed_has_to_be_mapped() -> None:
    received = columns(comparisons(), "question", "response_a")
    with pytest.raises(Invalid) as refused:
        incoming.start(received, {"response_a": "response_a"})
    assert refused.value.field == "prompt"


def test_a_good_mapping_lets_reading_begin() -> None:
    received = columns(incoming.draft(), "id", "text", "city")
    incoming.start(received, {"id": "external_id", "text": "text", "city": None})
    assert (received.status, received.bytes_read) == ("reading", len("id,text,city\n"))
    assert intake.targets_of(received) == {"id": "external_id", "text": "text"}
    assert intake.waiting_to_be_read() == [received.pk]
    assert OutboxEvent.objects.filter(name="upload.mapped", payload__upload_id=str(received.pk)).count() == 1


def test_a_file_is_started_once() -> None:
    received = columns(incoming.draft(), "text")
    incoming.start(received, {"text": "text"})
    with pytest.raises(Conflict, match="being read already"):
        incoming.start(received, {"text": "text"})


def test_a_file_that_failed_cannot_be_started() -> None:
    received = incoming.upload(incoming.draft(), b"")
    with pytest.raises(Conflict, match="The file is empty"):
        incoming.start(received, {"text": "text"})


def test_a_launched_batch_starts_no_file() -> None:
    received = columns(incoming.draft(), "text")
    Batch.objects.filter(pk=received.batch_id).update(state="launching")
    with pytest.raises(NotADraft):
        incoming.start(received, {"text": "text"})
    received.refresh_from_db()
    assert received.status == "received"
