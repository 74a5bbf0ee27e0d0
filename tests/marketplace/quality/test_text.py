"""One transcript from several."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.quality import text
from task_types.measures import word_error_rate

WORDS = [f"word{n}" for n in range(150)]


def transcripts(*, items: int, per_item: int, seed: int = 0) -> tuple[list[tuple[str, str, str]], dict[str, str], np.ndarray]:
    """People who leave out, add and mishear words; each at their own rate, some words hard for everybody."""
    rng = np.random.default_rng(seed)
    rate = rng.beta(1.6, 7, 12)
    rows, truth = [], {}
    for item in range(items):
        line = rng.choice(WORDS, 14)
        hard = rng.random(14) < 0.1
        truth[f"i{item}"] = " ".join(line)
        for worker in rng.choice(12, size=per_item, replace=False):
            said = []
            for word, tricky in zip(line, hard, strict=True):
                chance = rng.random() / min(rate[worker] + 0.4 * tricky, 0.9)
                said += [] if chance < 0.3 else [str(rng.choice(WORDS))] if chance < 0.9 else [word]
                said += [str(rng.choice(WORDS))] if 0.9 < chance < 1 else []
            rows.append((f"i{item}", f"w{worker}", " ".join(said)))
    return rows, truth, rate


def errors(texts: dict[str, str], truth: dict[str, str]) -> float:
    return float(np.mean([word_error_rate(texts[item], line) for item, line in truth.items()]))


def test_more_transcripts_make_fewer_errors_and_beat_the_best_single_text() -> None:
    reached = {}
    for per_item in (1, 3, 7):
        rows, truth, _rate = transcripts(items=50, per_item=per_item)
        reached[per_item] = errors(text.fit(rows).texts, truth)
        given: dict[str, list[str]] = {}
        for item, _worker, said in rows:
            given.setdefault(item, []).append(said)
        middle = {i: min(all_, key=lambda a: sum(word_error_rate(a, b) for b in all_)) for i, all_ in given.items()}
        assert reached[per_item] <= errors(middle, truth) + 1e-9
    assert reached[1] > 2 * reached[3] > 2 * reached[7]


def test_scores_follow_error_rates() -> None:
    rows, truth, _rate = transcripts(items=80, per_item=5, seed=1)
    fit = text.fit(rows)
    true: dict[str, list[float]] = {}
    for item, worker, said in rows:
        true.setdefault(worker, []).append(1 - min(word_error_rate(said, truth[item]), 1))
    pairs = np.array([(fit.workers[name].mean, np.mean(values)) for name, values in true.items()])
    assert np.corrcoef(pairs.T)[0, 1] > 0.9
    assert np.abs(pairs[:, 0] - pairs[:, 1]).mean() < 0.05


def test_a_good_worker_outweighs_two_bad_ones() -> None:
    rows = [(f"i{n}", who, " ".join(WORDS[n : n + 8])) for n in range(20) for who in ("good", "fair")]
    rows += [(f"i{n}", who, f"{who} says {n} quite other things") for n in range(20) for who in ("bad", "worse")]
    rows += [("late", "good", "the truth"), ("late", "bad", "a lie"), ("late", "worse", "a ruse")]
    assert text.fit(rows).texts["late"] == "the truth"


def test_case_and_punctuation_divide_no_votes() -> None:
    rows = [("i", "a", "Hello, world!"), ("i", "b", "hello world"), ("i", "c", "hello wörld"), ("i", "d", "Hello, world!")]
    assert text.fit(rows).texts["i"] == "Hello, world!"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["你好世界", "你好地世界", "你坏世界"], "你好世界"),
        (["مرحبا بك هنا", "مرحبا هنا", "مرحبا بك هنا"], "مرحبا بك هنا"),
        (["great 😀 day", "great 😀 day", "great day"], "great 😀 day"),
        (["", "", "noise"], ""),
    ],
)
def test_any_script_and_silence(said: list[str], expected: str) -> None:
    assert text.fit([("i", f"w{n}", line) for n, line in enumerate(said)]).texts["i"] == expected


def test_known_texts_stand_and_judge() -> None:
    rows = [("i", "ana", "one two three"), ("i", "eve", "four five six"), ("i", "sam", "four five six")]
    fit = text.fit(rows, gold={"i": "one two three"})
    assert fit.texts["i"] == "one two three"
    assert fit.workers["ana"].mean > fit.workers["eve"].mean


def test_support_is_the_share_of_weight_behind_the_words() -> None:
    agreed = text.fit([("i", f"w{n}", "all the same") for n in range(4)])
    split = text.fit([("i", f"w{n}", f"all the {n}") for n in range(4)])
    assert agreed.support["i"] == pytest.approx(1)
    assert split.support["i"] < 0.8
