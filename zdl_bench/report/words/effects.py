"""Write a statistical finding as text and as a row of numbers."""

import math

from zdl_bench.run.conditions import accuracy_text
from zdl_bench.statistics.finding import Effect, Finding, three_digits

NO_EFFECT = Effect(math.nan, math.nan, math.nan, "")


def effect_text(effect: Effect | None) -> str:
    """Return an effect as text, followed by its interval if there is one."""
    if effect is None or math.isnan(effect.mean):
        return "no value"
    write = accuracy_text if effect.unit == "share" else three_digits
    interval = "" if math.isnan(effect.low) else f" [{write(effect.low)}, {write(effect.high)}]"
    unit = "" if effect.unit in ("value", "share") else f"{effect.unit} "
    return f"{unit}{write(effect.mean)}{interval}"


def wins_text(rate: float, n: int) -> str:
    """Return on how many of n seeds the first side is better, such as `7 of 10`. A tie counts half. rate: share of wins."""
    return "–" if math.isnan(rate) else f"{rate * n:g} of {n}"


def p_text(p: float) -> str:
    return "–" if math.isnan(p) else f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def pairs_text(n: int, n_values: int) -> str:
    """Return the number of pairs. If some pairs lack values, add the number of the others: `10 (9 with values)`."""
    return f"{n}" if n == n_values else f"{n} ({n_values} with values)"


def counts_text(finding: Finding) -> str:
    """Return the number of pairs of a finding, and its wins: `n 10 (9 with values), wins 7 of 10`."""
    wins = f", wins {wins_text(finding.wins.rate, finding.n)}" if finding.wins and not finding.is_exact else ""
    return f"n {pairs_text(finding.n, finding.n_values)}{wins}"


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
