"""Exams played by people whose ability is known: how many questions the adaptive form asks, and how often each form errs.

It runs the policy of live attempts (`adaptive.step`) against a bank and people drawn by chance. Imports no Django.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from qualification import adaptive
from qualification.adaptive import Answer, Bank, Floats, Policy


@dataclass(frozen=True, slots=True)
class Outcome:
    """Mean number of questions and share of wrong tiers of both forms; `exposure` is the greatest share of people that one
    question of the adaptive form was put to."""

    items_fixed: float
    items_adaptive: float
    error_fixed: float
    error_adaptive: float
    exposure: float

    @property
    def share(self) -> float:
        return self.items_adaptive / self.items_fixed


@dataclass(frozen=True, slots=True)
class Setting:
    """What is played: discrimination log-normal(0, .35), difficulty normal(0, 1.2), ability normal(0, 1)."""

    people: int = 2_000
    bank: int = 300
    fixed: int = 30
    policy: Policy = Policy(cuts=(-0.5, 0.5, 1.5), most=24)


def play(setting: Setting, *, seed: int) -> Outcome:
    """Everybody sits both forms, the fixed one of `fixed` questions drawn at random and the adaptive one; the same seed plays the same.
    Whether a person would get a question right is drawn once, so both forms meet the same luck."""
    luck = np.random.default_rng(seed)
    bank = Bank(a=luck.lognormal(0, 0.35, setting.bank), b=luck.normal(0, 1.2, setting.bank), cuts=setting.policy.cuts)
    abilities = luck.normal(0, 1, setting.people)
    true_tiers = np.searchsorted(setting.policy.cuts, abilities, side="right")
    exposure, chance = [0] * setting.bank, random.Random(seed)  # noqa: S311 - a simulation
    asked, wrong_fixed, wrong_adaptive = 0, 0, 0
    for at, (ability, true) in enumerate(zip(abilities, true_tiers, strict=True)):
        right: Floats = (luck.random(setting.bank) < 1 / (1 + np.exp(-bank.a * (ability - bank.b)))).astype(float)
        drawn = luck.choice(setting.bank, setting.fixed, replace=False)
        wrong_fixed += fixed_tier(bank, setting.policy, [(int(place), right[place]) for place in drawn]) != true
        answers, tier = _sit(bank, setting.policy, right, rests=adaptive.resting(exposure, at), chance=chance)
        wrong_adaptive += tier != true
        asked += len(answers)
        for place, _credit in answers:
            exposure[place] += 1
    n = setting.people
    return Outcome(setting.fixed, asked / n, wrong_fixed / n, wrong_adaptive / n, max(exposure) / n)


def fixed_tier(bank: Bank, policy: Policy, answers: list[Answer]) -> int:
    """The tier that the same posterior gives to answers of a form drawn beforehand."""
    return adaptive.verdict(adaptive.posterior(bank, answers), policy, asked=len(answers)).tier


def _sit(
    bank: Bank, policy: Policy, right: Floats, *, rests: frozenset[int], chance: random.Random
) -> tuple[list[Answer], int]:
    """One adaptive attempt: its answers and the tier that it ends with."""
    answers: list[Answer] = []
    step = adaptive.step(bank, policy, answers, rests=rests, chance=chance)
    while step.next is not None:
        answers.append((step.next, float(right[step.next])))
        step = adaptive.step(bank, policy, answers, rests=rests, chance=chance)
    return answers, step.verdict.tier
