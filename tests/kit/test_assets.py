"""Files under the name of their content: recordings are known by their first bytes."""

from __future__ import annotations

import pytest

from kit import assets
from kit.models import Asset

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
KNOWN = {
    "audio/wav": WAV,
    "audio/ogg": b"OggS\x00\x02" + bytes(20),
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x23",
}


@pytest.mark.django_db
@pytest.mark.parametrize(("content_type", "content"), KNOWN.items())
def test_a_recording_is_known_by_its_first_bytes(content_type: str, content: bytes) -> None:
    kept = assets.store_audio(content)
    assert kept.content_type == content_type
    assert assets.read(kept) == content


@pytest.mark.django_db
def test_an_mp3_may_begin_with_its_first_frame() -> None:
    assert assets.store_audio(b"\xff\xfb\x90\x64" + bytes(400)).content_type == "audio/mpeg"


@pytest.mark.django_db
def test_the_same_recording_is_kept_once() -> None:
    assert assets.store_audio(WAV) == assets.store_audio(WAV)
    assert Asset.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"\xff\xd8\xff\xe0" + bytes(20),  # a picture
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x20ftypheic",
        b"\xff\xff\xff\xff",
        b"\xff\xfe<\x00h\x00t\x00",  # text in UTF-16
        WAV + bytes(assets.MAX_BYTES),
    ],
)
def test_what_is_no_recording_is_refused_and_nothing_is_kept(content: bytes) -> None:
    with pytest.raises(assets.BadAudio):
        assets.store_audio(content)
    assert not Asset.objects.exists()


@pytest.mark.django_db
def test_a_recording_is_no_image_and_an_image_no_recording() -> None:
    with pytest.raises(assets.BadImage):
        assets.store_image(WAV)
