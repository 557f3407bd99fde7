"""Write a statistical finding as text and as a row of numbers."""

import math

from zdl_bench.language import translatable, translate
from zdl_bench.run.conditions import accuracy_text
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.finding import Effect, Finding, three_digits

RATIOS = ("ratio", "odds ratio")
"""The units of effects that readers see as changes in percent."""
LOWER, HIGHER, TIMES = translatable("{amount} lower"), translatable("{amount} higher"), translatable("{amount} times as high")
MIN_TIMES, MIN_SHARE = 1.995, 0.015
"""Ratios from the first, or up to the second, are written as multiples, those between as changes in percent."""
NO_EFFECT = Effect(math.nan, math.nan, math.nan, "")


def effect_text(effect: Effect | None) -> str:
    """Return an effect as text, followed by its interval if there is one."""
    if effect is None or math.isnan(effect.mean):
        return translate("no value")
    write = accuracy_text if effect.unit == "share" else three_digits
    interval = "" if math.isnan(effect.low) else f" [{write(effect.low)}, {write(effect.high)}]"
    unit = "" if effect.unit in ("value", "share") else translate(effect.unit)
    return " ".join(filter(None, [unit, f"{write(effect.mean)}{interval}"]))


UNITS_IN_WORDS = (translatable("ratio"), translatable("odds ratio"), translatable("difference"), translatable("slope"))
"""The units of effects that stand before their number."""


def wins_text(rate: float, n: int) -> str:
    """Return on how many of n seeds the first side is better, such as `7 of 10`. A tie counts half. rate: share of wins."""
    return "–" if math.isnan(rate) else translate("{part} of {whole}", part=f"{rate * n:g}", whole=n)


def p_text(p: float) -> str:
    return "–" if math.isnan(p) else f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def pairs_text(n: int, n_values: int) -> str:
    """Return the number of pairs. If some pairs lack values, add the number of the others: `10 (9 with values)`."""
    return f"{n}" if n == n_values else translate("{count} ({values} with values)", count=n, values=n_values)


def counts_text(finding: Finding) -> str:
    """Return the number of pairs of a finding, and its wins: `n 10 (9 with values), wins 7 of 10`."""
    pairs = f"n {pairs_text(finding.n, finding.n_values)}"
    if not finding.wins or finding.is_exact:
        return pairs
    return translate("{pairs}, wins {wins}", pairs=pairs, wins=wins_text(finding.wins.rate, finding.n))


def numbers_of(finding: Finding, effect: Effect | None) -> dict[str, object]:
    """Return the numbers of a finding for the CSV files, by column name. effect: in the unit that readers see."""
    effect = effect or NO_EFFECT
    return {
        "n": finding.n,
        "n_values": finding.n_values,
        "effect": effect.mean,
        "low": effect.low,
        "high": effect.high,
        "unit": effect.unit,
        "win_rate": finding.wins.rate if finding.wins else math.nan,
        "correlation": finding.correlation,
        "exact": finding.is_exact,
        "run_ids": " ".join(finding.run_ids),
    }


def ratio_sentence(quantity: str, first: str, second: str, effect: Effect | None) -> str:
    """Return a ratio as a sentence without its full stop, which is empty if the ratio is unknown.

    Such as `Adam's mean loss is 12 % lower than SGD's`, or, from a factor of 2, `SGD's mean loss is 2.30 times Adam's`.
    """
    if effect is None or effect.unit not in RATIOS or not 0 < effect.mean < math.inf:
        return ""
    larger = max(effect.mean, 1 / effect.mean)
    if larger >= MIN_TIMES:
        low, high = (first, second) if effect.mean < 1 else (second, first)
        text, amount = translatable("{first}'s {quantity} is {amount} times {second}'s"), three_digits(larger)
        return translate(text, first=high, second=low, quantity=quantity, amount=amount)
    amount, _ = _change(effect.mean)
    if not amount:
        text = translatable("{first}'s {quantity} is the same as {second}'s")
    elif effect.mean < 1:
        text = translatable("{first}'s {quantity} is {amount} lower than {second}'s")
    else:
        text = translatable("{first}'s {quantity} is {amount} higher than {second}'s")
    return translate(text, first=first, second=second, quantity=quantity, amount=amount)


def percent_text(effect: Effect) -> str:
    """Return an effect with its interval for a sentence; a ratio as a change, such as `12 % lower [9 % to 15 %]`."""
    if effect.unit not in RATIOS or not all(0 < x < math.inf for x in (effect.mean, effect.low, effect.high) if x == x):
        return effect_text(effect)
    text = _change_text(effect.mean)
    if effect.unit == "odds ratio":
        text = translate("odds of being right {change}", change=text)
    if math.isnan(effect.low):
        return text
    kind = _change(effect.mean)[1]
    low, high = effect.low, effect.high
    if _change(low)[1] == _change(high)[1] == kind:
        low, high = (high, low) if kind == LOWER else (low, high)  # the smaller amount first
        first, last = (_change(end)[0] or translate("the same") for end in (low, high))
    else:
        first, last = _change_text(low), _change_text(high)
    return translate("{effect} [{low} to {high}]", effect=text, low=first, high=last)


def wins_on_seeds(finding: Finding) -> str:
    """Return on how many seeds the first side of a finding is better: `better on 9 of 10 seeds`."""
    if finding.is_exact or not finding.wins:
        text = count_of(finding.n, "seed")
    else:
        text = translate("better on {wins} seeds", wins=wins_text(finding.wins.rate, finding.n))
    if finding.n == finding.n_values:
        return text
    if not finding.n_values:
        return translate("{seeds} (on none of them both have a value)", seeds=text)
    return translate("{seeds} (on {count} of them both have a value)", seeds=text, count=finding.n_values)


def _change_text(ratio: float) -> str:
    amount, kind = _change(ratio)
    return translate(kind, amount=amount) if amount else translate("the same")


def _change(ratio: float) -> tuple[str, str]:
    """Return a ratio as an amount and the text around it: (12 %, LOWER) or (2.30, TIMES); both are empty if it is 1."""
    if not MIN_SHARE < ratio < MIN_TIMES:
        return three_digits(ratio), TIMES
    share = 100 * abs(1 - ratio)
    if share < 0.001:
        return "", ""
    return (f"{share:.0f} %" if share >= 9.5 else f"{share:.2g} %"), LOWER if ratio < 1 else HIGHER
