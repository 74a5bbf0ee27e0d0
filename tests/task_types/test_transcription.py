"""Writing down what is said."""

from __future__ import annotations

import io
import time
import wave
from typing import Any

import pytest

from kit.errors import Invalid
from task_types import interface, registry
from task_types.contract import Json

SPOKEN = registry.drawer("transcription")
ROW = {"audio": "call.mp3"}


def settings(**more: object) -> Json:
    return SPOKEN.check_settings(more)


def payload(**more: object) -> tuple[Json | None, list[str]]:
    checked, problems = SPOKEN.compile_payload_check(settings())({**ROW, **more})
    return checked, [f"{problem.field}: {problem.reason}" for problem in problems]


def segment(start: float, end: float, text: str = "hello", **more: object) -> Json:
    return {"start": start, "end": end, "text": text, **more}


def check(*segments: Json, partial: bool = False, row: Json | None = None, **more: object) -> Json:
    given, _ = payload(**(row or {}))
    assert given is not None
    return SPOKEN.check_answer({"segments": list(segments)}, payload=given, settings=settings(**more), partial=partial)


def said(*texts: str) -> Json:
    return {"segments": [segment(at, at + 1, text) for at, text in enumerate(texts)]}


# Settings and payload


def test_speakers_are_names_with_strokes_between() -> None:
    assert settings(speakers=" Caller|Agent |")["speakers"] == "Caller | Agent"
    with pytest.raises(Invalid) as refused:
        settings(speakers="Ana | Ana")
    assert refused.value.field == "speakers"


def test_a_row_names_a_recording_and_may_say_more_of_it() -> None:
    assert payload() == ({"audio": "call.mp3"}, [])
    assert payload(duration="12.5", language="pt-BR", speakers="Ana | Ben")[0] == {
        "audio": "call.mp3",
        "duration": 12.5,
        "language": "pt-BR",
        "speakers": ["Ana", "Ben"],
    }
    assert payload(speakers='["Ana"]', duration="")[0] == {"audio": "call.mp3", "speakers": ["Ana"]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"audio": None}, "audio"),
        ({"audio": "http://example.org/a.mp3"}, "audio"),
        ({"audio": "../a.mp3"}, "audio"),
        ({"duration": "long"}, "duration"),
        ({"duration": 0}, "duration"),
        ({"duration": float("nan")}, "duration"),
        ({"language": "English, I think"}, "language"),
        ({"speakers": "Ana|Ana"}, "speakers"),
        ({"speakers": 7}, "speakers"),
        ({"speakers": '["Ana'}, "speakers"),
    ],
)
def test_a_row_that_cannot_be_transcribed_is_refused_by_field(wrong: Json, field: str) -> None:
    given, problems = payload(**wrong)
    assert given is None
    assert [problem.split(":")[0] for problem in problems] == [field]


# Answer


def test_segments_come_in_order_and_to_a_thousandth() -> None:
    checked = check(segment(2.00049, 3), segment(0, 1.5, "  two \n words "))
    assert checked == {"segments": [segment(0, 1.5, "two words"), segment(2.0, 3)]}


@pytest.mark.parametrize(
    ("segments", "field"),
    [
        ([segment(1, 1)], "segments[0].end"),
        ([segment(-1, 1)], "segments[0].start"),
        ([segment(0, 11)], "segments[0].end"),
        ([segment(0, 1, " ")], "segments[0].text"),
        ([segment(0, 1, "x" * 2_001)], "segments[0].text"),
        ([segment(0, "1")], "segments[0].end"),
        ([segment(4, 6), segment(0, 5)], "segments[0].start"),
        ([segment(0, 1, speaker="Ana")], "segments[0].speaker"),
        ([segment(0, 1, colour="red")], "segments[0].colour"),
        ([segment(0, 1)] * 501, "segments"),
        (["hello"], "segments[0]"),
    ],
)
def test_a_segment_that_cannot_be_is_refused_by_its_place(segments: list[Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(*segments, row={"duration": 10})
    assert refused.value.field == field


def test_what_a_decoder_pads_is_cut_to_the_duration() -> None:
    assert check(segment(9, 10.3), row={"duration": 10})["segments"] == [segment(9, 10)]


def test_people_may_speak_at_once_but_nobody_over_themselves() -> None:
    both = {"speakers": "Ana | Ben"}
    at_once = check(segment(0, 5, speaker="Ana"), segment(3, 6, speaker="Ben"), **both)
    assert len(at_once["segments"]) == 2
    with pytest.raises(Invalid) as refused:
        check(segment(0, 5, speaker="Ana"), segment(3, 6, speaker="Ana"), **both)
    assert refused.value.field == "segments[1].start"


def test_who_speaks_is_needed_where_it_is_asked_and_may_be_open_in_a_known_answer() -> None:
    with pytest.raises(Invalid) as refused:
        check(segment(0, 1), speakers="Ana | Ben")
    assert refused.value.field == "segments[0].speaker"
    assert check(segment(0, 1), speakers="Ana | Ben", partial=True)["segments"] == [segment(0, 1)]


def test_the_speakers_of_a_task_stand_for_those_of_the_project() -> None:
    given, _ = payload(speakers=["Eve"])
    assert given is not None
    checked = settings(speakers="Ana | Ben")
    answer = {"segments": [segment(0, 1, speaker="Eve")]}
    assert SPOKEN.check_answer(answer, payload=given, settings=checked) == answer
    assert interface.island(SPOKEN, settings=checked, payload=given)["payload"]["speakers"] == ["Eve"]


def test_silence_is_an_answer_only_where_it_may_be() -> None:
    assert SPOKEN.check_answer({"segments": [], "none": True}, payload=ROW, settings=settings()) == {"segments": []}
    with pytest.raises(Invalid):
        check(allow_none=False)
    with pytest.raises(Invalid):
        SPOKEN.check_answer({"segments": [segment(0, 1)], "none": True}, payload=ROW, settings=settings())


def test_a_known_text_needs_no_times() -> None:
    read = SPOKEN.read_answer("all that was said", payload={**ROW, "duration": 8.0}, settings=settings(speakers="Ana"))
    assert read == {"segments": [segment(0, 8.0, "all that was said")]}
    assert SPOKEN.read_answer("", payload=ROW, settings=settings()) == {"segments": []}
    assert SPOKEN.read_answer('[{"start": 1, "end": 2, "text": "hi"}]', payload=ROW, settings=settings())["segments"][0]["end"] == 2


# Quality


def test_a_transcript_is_graded_by_its_word_errors_and_the_tolerance() -> None:
    truth = said("one two three four five", "six seven eight nine ten")
    near, far = said("one two three four five six", "seven eight nine tin"), said("something else")
    assert SPOKEN.grade(near, truth, settings=settings(tolerance=10)) == 1.0
    assert SPOKEN.grade(near, truth, settings=settings(tolerance=9)) == pytest.approx(0.9)
    assert SPOKEN.grade(far, truth, settings=settings()) == 0.0
    assert SPOKEN.grade(said("a " * 50), said("b"), settings=settings()) == 0.0


def test_case_punctuation_and_cuts_between_segments_are_no_errors() -> None:
    assert SPOKEN.agreement(said("Well, I never."), said("well i", "never"), settings=settings()) == 1.0


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert SPOKEN.agreement(said("今日は雨です"), said("今日は雪です"), settings=settings()) == pytest.approx(5 / 6)


def test_the_wrong_speaker_is_wrong_where_both_say_who_speaks() -> None:
    mine, theirs = ({"segments": [segment(0, 1, "yes yes", speaker=who)]} for who in ("Ana", "Ben"))
    assert SPOKEN.agreement(mine, theirs, settings=settings()) == 0.0
    assert SPOKEN.grade(mine, said("yes yes"), settings=settings()) == 1.0


def test_silence_agrees_with_silence_alone() -> None:
    assert SPOKEN.agreement({"segments": []}, {"segments": []}, settings=settings()) == 1.0
    assert SPOKEN.agreement({"segments": []}, said("hello"), settings=settings()) == 0.0
    assert SPOKEN.grade(said("hello"), {"segments": []}, settings=settings()) == 0.0


def test_the_transcript_in_the_middle_stands_for_all() -> None:
    given = [(said(text), 1.0) for text in ("the cat sat on a mat", "the cat sat on the mat", "the cat sat in the mat", "what")]
    combined = SPOKEN.combine(given, settings=settings())
    assert combined.answer == said("the cat sat on the mat")
    assert 0.5 < combined.confidence < 1.0
    heavy = [(answer, 9.0 if answer == said("what") else weight) for answer, weight in given]
    assert SPOKEN.combine(heavy, settings=settings()).answer == said("what")


def test_long_transcripts_are_compared_in_reasonable_time() -> None:
    long = said(*[" ".join(f"word{number % 97}" for number in range(place, place + 300)) for place in range(30)])
    begun = time.perf_counter()
    assert SPOKEN.agreement(long, said(*(one["text"] for one in long["segments"][1:])), settings=settings()) > 0.9
    assert time.perf_counter() - begun < 5


# What leaves the product


def test_a_transcript_is_text_segments_and_subtitles_in_the_table() -> None:
    answer = {"segments": [segment(0.5, 61.25, "1 < 2 & so on", speaker="Ana"), segment(3600, 3601.001, "bye")]}
    row = SPOKEN.export_row(answer, settings=settings())
    assert row["text"] == "1 < 2 & so on bye"
    assert row["webvtt"] == (
        "WEBVTT\n\n00:00:00.500 --> 00:01:01.250\n<v Ana>1 &lt; 2 &amp; so on\n\n01:00:00.000 --> 01:00:01.001\nbye\n"
    )
    assert SPOKEN.units(answer) == {"task": 1, "segments": 2, "words": 7, "audio_seconds": 62}


def test_the_sample_can_be_heard_and_lasts_as_long_as_it_says() -> None:
    sample = SPOKEN.sample()
    for row in sample.rows:
        with wave.open(io.BytesIO(sample.files()[row["audio"]])) as recording:
            assert recording.getnframes() / recording.getframerate() == pytest.approx(row["duration"], abs=0.01)
