"""A small project for trying a transcription: two door bells, whose tones are known because we made them."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from task_types import samples
from task_types.contract import Json, Sample
from task_types.transcription import settings

_HERE = Path(__file__).parent

RECORDINGS = 12
RATE = 8_000
"""Sound samples a second."""
TONE, GAP, PAUSE = 0.32, 0.13, 0.9
"""Seconds of a tone, between tones, and between rings."""
_PITCHES = {"low": 262.0, "middle": 392.0, "high": 587.0}
_BELLS = {"Front": (1.0, 0.12, 0.05), "Yard": (1.0, 0.8, 0.65)}
"""How strong the first, third and fifth partial of a bell are: a buzzer has much of the upper ones."""


@cache
def sample() -> Sample:
    """Twelve recordings, the last of them of nothing but hiss."""
    numbers = range(1, RECORDINGS + 1)
    return Sample(
        title=gettext_lazy("Bells of two doors"),
        settings=settings.check(
            {
                "question": "Write down the tones of each bell: low, middle or high",
                "speakers": " | ".join(_BELLS),
                "tolerance": 0,
            }
        ),
        guideline=samples.guideline(_HERE),
        rows=tuple({"audio": _name(number), "duration": _length(_rings(number)), "language": "en"} for number in numbers),
        gold={row: {"segments": _rings(number)} for row, number in enumerate(numbers)},
        files=_files,
    )


def _name(number: int) -> str:
    return f"bell-{number:02d}.wav"


@cache
def _files() -> Mapping[str, bytes]:
    return {_name(number): _record(number, _rings(number)) for number in range(1, RECORDINGS + 1)}


def _rings(number: int) -> list[Json]:
    """What a recording holds, as the segments of its known answer; the last one holds nothing."""
    chance = Random(number)
    rings: list[Json] = []
    start = 0.6
    for _ in range(0 if number == RECORDINGS else 1 + number // 4):
        tones = chance.choices(sorted(_PITCHES), k=chance.randint(2, 4))
        end = start + len(tones) * (TONE + GAP) - GAP
        rings.append({"start": round(start, 3), "end": round(end, 3), "speaker": chance.choice(sorted(_BELLS)), "text": " ".join(tones)})
        start = end + PAUSE
    return rings


def _length(rings: list[Json]) -> float:
    return round((rings[-1]["end"] if rings else 2.0) + 0.8, 3)


def _record(number: int, rings: list[Json]) -> bytes:
    """A WAV file of one channel, 16 bits: the tones over a little hiss."""
    sound = np.random.default_rng(number).normal(0, 0.01, round(_length(rings) * RATE))
    for ring in rings:
        for place, tone in enumerate(ring["text"].split()):
            at = round((ring["start"] + place * (TONE + GAP)) * RATE)
            made = _tone(_PITCHES[tone], _BELLS[ring["speaker"]])
            sound[at : at + len(made)] += made
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def _tone(pitch: float, partials: tuple[float, float, float]) -> NDArray[np.float64]:
    """One stroke: partials that fade, with soft edges so that nothing clicks."""
    time = np.arange(round(TONE * RATE)) / RATE
    waves = sum(strength * np.sin(2 * np.pi * pitch * (2 * n + 1) * time) for n, strength in enumerate(partials))
    edge = np.minimum(1, np.minimum(time, TONE - time) / 0.01)
    return np.asarray(0.35 * waves / sum(partials) * np.exp(-3 * time) * edge, dtype=np.float64)
