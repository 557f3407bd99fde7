"""Write what differs between two sweeps as text, Markdown or JSON."""

import json
import math
from collections.abc import Sequence

import pandas as pd

from zdl_bench.errors import printable
from zdl_bench.language import ENGLISH, said, speaking, translatable, translate, translate_count
from zdl_bench.report.phrases import join_notes, limit_lines, list_names
from zdl_bench.report.sweep_change import Difference, SweepChange
from zdl_bench.report.tables.formats import markdown, markdown_text
from zdl_bench.report.words.effects import counts_text, effect_text, p_text
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.change import ConditionChange, Direction
from zdl_bench.statistics.inference import MIN_SEEDS

MAX_DIFFERENCES = 20
MORE_KEYS = {
    translatable("config"): translatable("and {count} more keys of the config"),
    translatable("code"): translatable("and {count} more keys of the code"),
    translatable("environment"): translatable("and {count} more keys of the environment"),
}
WITHOUT_PARTNER = (
    translatable("without a partner: {runs} before"),
    translatable("without a partner: {runs} after"),
)
COLUMNS = (
    *(translatable("runs"), translatable("question"), translatable("worse by (after / before)")),
    *(translatable("n and wins"), translatable("p"), translatable("verdict")),
)
RULE = translatable(
    "A ratio above 1 is worse. A verdict is shown if p, adjusted for all comparisons of this table, is at most 0.05. "
    "Beyond the margin of {margin:g} is what is worse by a larger ratio, or by runs that ended without a value."
)


def change_text(change: SweepChange, names: tuple[str, str], margin: float, style: str) -> str:
    """Return what differs between two sweeps. names: of both sweeps. style: text, markdown or json, which is English."""
    if style == "json":
        with speaking(ENGLISH):
            return json.dumps(change_record(change, names, margin), indent=1, allow_nan=False) + "\n"
    table = pd.DataFrame([_row(one, margin) for one in change.changes], columns=list(map(translate, COLUMNS)))
    title = " → ".join(map(said, names))
    lines = [_one_line(line) for line in _differences(change)]
    conclusion = _one_line(conclusion_of(change, margin))
    if style == "markdown":
        parts = [
            f"### {markdown_text(title)}",
            f"**{markdown_text(conclusion)}**",
            "\n".join(f"- {markdown_text(line)}" for line in lines),
        ]
        parts += [markdown(table), translate(RULE, margin=margin)] if len(table) else []
    else:
        parts = [title, "\n".join(lines)]
        with pd.option_context("display.unicode.east_asian_width", True):  # such letters are two columns wide
            text = table.to_string(index=False)
        parts += [text, translate(RULE, margin=margin)] if len(table) else []
        parts += [conclusion]
    return printable("\n\n".join(filter(None, (part.strip("\n") for part in parts))) + "\n")


def conclusion_of(change: SweepChange, margin: float) -> str:
    """Return in one sentence whether something got worse beyond the margin, and what could not be shown."""
    beyond = change.beyond(margin)
    if beyond:
        what = (translate("{question} of {condition}", question=one.question, condition=one.condition) for one in beyond)
        return translate("worse beyond {margin:g}: {what}", margin=margin, what=list_names(what))
    missing = ""
    if count := len(change.undecidable):
        missing = translate("{conditions} could not be compared", conditions=count_of(count, "condition"))
    if not change.changes:
        return join_notes(translate("nothing changed: every run that was compared is the same, bit for bit"), missing)
    if change.seeds < MIN_SEEDS:
        seeds = count_of(change.seeds, "seed")
        return translate("undecided: {seeds} can show nothing; train {fewest} or more", seeds=seeds, fewest=MIN_SEEDS)
    decided = translate_count(
        "{count} of {comparisons} is decided",
        "{count} of {comparisons} are decided",
        sum(one.direction is not Direction.UNDECIDED for one in change.changes),
        comparisons=count_of(len(change.changes), "comparison"),
    )
    return join_notes(translate("nothing is shown to be worse beyond {margin:g}", margin=margin), decided, missing)


def change_record(change: SweepChange, names: tuple[str, str], margin: float) -> dict[str, object]:
    """Return what differs between two sweeps as values for JSON, in which NaN and ∞ are null."""
    return {
        "before": names[0],
        "after": names[1],
        "margin": margin,
        "conclusion": conclusion_of(change, margin),
        "is_worse_beyond_margin": bool(change.beyond(margin)),
        **{key: [one._asdict() for one in getattr(change, key)] for key in ("config", "code", "environment")},
        "same": change.same,
        "undecidable": change.undecidable,
        "unmatched": dict(zip(("before", "after"), change.unmatched, strict=True)),
        "median_train_seconds": {
            name: dict(zip(("before", "after"), map(_number, pair), strict=True)) for name, pair in change.seconds.items()
        },
        "comparisons": [_record(one, margin) for one in change.changes],
    }


def _record(one: ConditionChange, margin: float) -> dict[str, object]:
    effect = one.worsening
    numbers = {"ratio": effect.mean, "low": effect.low, "high": effect.high} if effect else {}
    return {
        "condition": one.condition,
        "question": one.question,
        "measures": list(one.measures),
        **{name: _number(numbers.get(name, math.nan)) for name in ("ratio", "low", "high")},
        "n": one.n,
        "p": _number(one.p),
        "verdict": one.direction.value,
        "is_beyond_margin": one.is_beyond(margin),
        "reason": one.reason,
        "run_ids": list(dict.fromkeys(run_id for finding in one.findings for run_id in finding.run_ids)),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _row(one: ConditionChange, margin: float) -> tuple[str, ...]:
    verdict = translate(one.direction.value)
    if one.is_beyond(margin):
        verdict = translate("{verdict}, beyond the margin", verdict=verdict)
    ratio = effect_text(one.worsening).removeprefix(translate("ratio") + " ")
    exact = any(finding.is_exact for finding in one.findings)
    p = translate("exact") if exact else p_text(one.p)
    return _one_line(one.condition), said(one.question), ratio, counts_text(one.findings[0]), p, said(one.reason) or verdict


def _differences(change: SweepChange) -> list[str]:
    """Return a line for each thing in which the sweeps differ, and for the runs that are the same or have no partner."""
    lines = [
        translate("same: {name}, {runs} with equal digests", name=name, runs=count_of(count, "run"))
        for name, count in change.same.items()
    ]
    for heading, more in MORE_KEYS.items():
        found: Sequence[Difference] = getattr(change, heading)
        name = translate(heading)
        shown = [f"{name}: {one.key}: {_values(one.before)} → {_values(one.after)}" for one in found]
        lines += limit_lines(shown, MAX_DIFFERENCES, more)
    lines += [translate("not compared: {name}: {reason}", name=name, reason=why) for name, why in change.undecidable.items()]
    for count, text in zip(change.unmatched, WITHOUT_PARTNER, strict=True):
        lines += [translate(text, runs=count_of(count, "run"))] if count else []
    for name, (first, second) in change.seconds.items():
        if first > 0 and second > 0:
            lines.append(
                translate(
                    "median seconds of a run, not tested: {name}: {before:.3g} → {after:.3g}",
                    name=name,
                    before=first,
                    after=second,
                )
            )
    return lines


def _one_line(text: str) -> str:
    """Return the text on one line, so that no value of a file looks like a line of ours."""
    return " ".join(text.split())


def _values(texts: Sequence[str]) -> str:
    return list_names(texts) or translate("none")
