"""Recordings come in as pictures do: out of a ZIP or by https, checked, kept by content."""

from __future__ import annotations

import pytest

from kit import assets
from kit.models import Asset
from marketplace import exports, intake
from marketplace.views.client.frame import excerpt
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW, calls, packed, picture, recording

pytestmark = pytest.mark.django_db


def test_a_zip_without_a_table_makes_a_task_of_each_recording() -> None:
    batch = incoming.draft(calls())
    received = incoming.upload(batch, packed({"a.wav": recording(1), "b.wav": recording(2)}), "calls.zip")
    suggested = intake.suggest_mapping(received)
    assert suggested["image"] == "audio"
    incoming.start(received, suggested)
    while intake.read(upload_id=received.pk, now=NOW) or intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    kept = [Asset.objects.get(sha256=task.payload["audio"].removeprefix("asset:")) for task in incoming.tasks(batch)]
    assert [assets.read(asset) for asset in kept] == [recording(1), recording(2)]
    assert {asset.content_type for asset in kept} == {"audio/wav"}


def test_a_picture_is_no_recording_and_its_row_is_named() -> None:
    batch = incoming.draft(calls())
    table = b"id,recording,language\n1,a.wav,en\n2,b.png,en\n3,c.wav,en\n"
    content = packed({"rows.csv": table, "a.wav": recording(), "b.png": picture()})
    mapping = {"id": "external_id", "recording": "audio", "language": "language"}
    received = incoming.read(batch, content, mapping, "calls.zip", images=True)
    assert [(task.external_id, task.payload["language"]) for task in incoming.tasks(batch)] == [("1", "en")]
    assert incoming.faults(received) == [
        (3, "recording", "Expected an MP3, WAV, Ogg or M4A recording."), (4, "recording", "The ZIP holds no file of this name."),
    ]
    assert (received.rows_good, received.rows_bad, received.images_waiting) == (1, 2, 0)


def test_an_export_gives_the_recording_back_under_the_name_that_the_client_gave() -> None:
    batch = incoming.draft(calls())
    incoming.read(batch, packed({"rows.csv": b"recording\na.wav\n", "a.wav": recording()}), {"recording": "audio"}, "c.zip", images=True)
    assert b"a.wav" in b"".join(exports.as_csv(batch))


def test_in_lists_a_recording_goes_by_the_name_that_the_client_gave_it() -> None:
    batch = incoming.draft(calls())
    content = packed({"rows.csv": b"recording,language\na.wav,en\n", "a.wav": recording()})
    incoming.read(batch, content, {"recording": "audio", "language": "language"}, "calls.zip", images=True)
    assert excerpt(incoming.tasks(batch)[0]) == {"text": "a.wav", "image": ""}
