"""Say in words whether a key of the sweep matters, and whether the ranking of the optimizers changes with it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from zdl_bench.language import said, translatable, translate, translate_list
from zdl_bench.report.axis_runs import AxisRuns
from zdl_bench.report.phrases import join_and, join_notes, join_sentences, list_names
from zdl_bench.report.standings import SPEED, STEADY, TAIL_LOSS, Question
from zdl_bench.report.words.effects import p_text
from zdl_bench.report.words.reported_finding import ReportedFinding, finding_text, first_details, number_row
from zdl_bench.report.words.variant_text import at_place
from zdl_bench.statistics.axis_tests import About, AxisTest, AxisTests
from zdl_bench.statistics.metrics.steadiness import scale_words

MAX_REVERSALS = 2
"""Largest number of reversals that the sentence names. The table of findings has all."""
AXIS_QUESTIONS = {"tail_loss": TAIL_LOSS, "log_aulc": SPEED}


def about_axis(one: AxisRuns, tested: AxisTests) -> ReportedFinding:
    """Return the finding on whether the key matters, and whether it changes how the optimizers compare."""
    shown = [test for test in tested.tests if test.is_shown and not _is_jitter_without_values(test)]
    matters = [test for test in shown if test.about is About.VALUES]
    reversals = list(_reversals(shown))
    gains = [test for test in shown if test.about is About.GAIN]
    has_rivals = any(test.about is About.OPTIMIZERS for test in tested.tests)
    is_answered = bool(shown) or not tested.reason  # deterministic runs show something without a test
    if matters:
        outcome = translate("it matters and changes the ranking") if reversals else translate("it matters")
    else:
        outcome = translate("not shown to matter") if is_answered else translate("not tested")
    sentences = [_matters_text(one, matters)] if is_answered else []
    if has_rivals and is_answered:
        sentences.append(_ranking_text(one, reversals, gains))
    if tested.reason:
        text = translatable("Not tested where runs are random: {reason}.") if shown else translatable("Not tested: {reason}.")
        sentences.append(translate(text, reason=tested.reason))
    details = [*_orders(one), *_strongest(one, tested, About.VALUES), *_strongest(one, tested, About.GAIN)]
    rows = [
        number_row(test.measure, _question(test), test.finding)
        | {"about": test.about.value, "first": first, "second": second, "p_of_claim": test.p}
        for test in tested.tests
        for first, second in [_sides(one, test)]
    ]
    details = [*first_details(details), *filter(None, [one.compared_note])]
    heading = translate("Influence of {key}: {text}", key=one.axis.name, text=outcome)
    return ReportedFinding(heading, join_sentences(*sentences), details, rows)


def _question(test: AxisTest) -> Question:
    """Return the question that the measure answers. The difference of two logarithms is a ratio, and so is a gain."""
    question = AXIS_QUESTIONS.get(test.measure, STEADY)
    return replace(question, log_unit="ratio") if test.about is About.GAIN else question


def _words(measure: str) -> str:
    """Return what a measure tells, as the subject of a sentence."""
    if measure in AXIS_QUESTIONS:
        return said(AXIS_QUESTIONS[measure].noun)
    return translate("jitter {scale}", scale=scale_words(measure))


def _is_jitter_without_values(test: AxisTest) -> bool:
    """Return whether a run has no jitter: one that did not learn is behind in loss and speed, but not in steadiness."""
    return test.measure not in AXIS_QUESTIONS and test.finding.n_values < test.finding.n


def _matters_text(one: AxisRuns, matters: Sequence[AxisTest]) -> str:
    if not matters:
        return translate("Undecided: no optimizer is shown to differ between values.")
    panels: dict[tuple[str, str], set[str]] = {}
    for test in matters:
        panels.setdefault((test.measure, test.optimizers[0]), set()).add(test.panel)
    names: dict[str, list[str]] = {}
    for (measure, optimizer), found in panels.items():
        name, values = optimizer, len(one.axis.panels)
        if values > 1:
            text = translatable("{name} (at {part} of {whole} values of the other keys)")
            name = translate(text, name=optimizer, part=len(found), whole=values)
        names.setdefault(measure, []).append(name)
    measures: dict[str, list[str]] = {}
    for measure, listed in names.items():
        measures.setdefault(list_names(listed), []).append(_words(measure))
    parts = [translate("{measures} of {names}", measures=list_names(words), names=who) for who, words in measures.items()]
    return translate("It matters for the {what}.", what=translate("; for the ").join(parts))


def _reversals(shown: Sequence[AxisTest]) -> Iterator[tuple[AxisTest, AxisTest]]:
    """Yield two tests per pair that show one optimizer ahead of another one at a value, and behind it at another value."""
    first: dict[tuple[str, str, tuple[str, ...]], AxisTest] = {}
    found: set[tuple[str, str, tuple[str, ...]]] = set()
    for test in shown:
        if test.about is About.OPTIMIZERS:
            pair = (test.measure, test.panel, test.optimizers)
            before = first.setdefault(pair, test)
            if before.is_first_ahead is not test.is_first_ahead and pair not in found:
                found.add(pair)
                yield before, test


def _ranking_text(one: AxisRuns, reversals: Sequence[tuple[AxisTest, AxisTest]], gains: Sequence[AxisTest]) -> str:
    if reversals:
        texts = []
        for before, after in reversals[:MAX_REVERSALS]:
            a, b = before.optimizers if before.is_first_ahead else reversed(before.optimizers)
            at, then = (_value(one, test.places[0]) for test in (before, after))
            text = translate(
                "by {measure}, {first} is ahead of {second} at {value} and behind at {other}",
                measure=_words(before.measure),
                first=a,
                second=b,
                value=at,
                other=then,
            )
            texts.append(_in_panel(text, before.panel))
        return translate("It changes the ranking: {what}.", what=join_notes(*texts))
    if gains:
        pairs: dict[str, list[str]] = {}
        for test in gains:
            pairs.setdefault(join_and(test.optimizers), []).append(_words(test.measure))
        texts = [translate("{names} by {measures}", names=names, measures=list_names(words)) for names, words in pairs.items()]
        return translate(
            "It changes how far apart optimizers are ({what}); that their ranking changes is not shown.",
            what=join_notes(*texts),
        )
    return translate("It is not shown to change how the optimizers compare.")


def _in_panel(text: str, panel: str) -> str:
    """Add the values of the other keys of the sweep, if there are any."""
    return f"{text} ({panel})" if panel else text


def _orders(one: AxisRuns) -> Iterator[str]:
    """Yield the order of the optimizers by mean loss at the end, value by value, which describes and is not tested."""
    if one.runs.empty:  # only tuning seeds have run
        return
    for panel, runs in one.runs.groupby("panel", sort=False):
        means = runs.groupby(["place", "variant"], sort=True)["tail_loss"].agg(lambda losses: losses.mean(skipna=False))
        orders: dict[str, list[str]] = {}
        for place, at_value in means.dropna().groupby("place"):
            names = [str(name) for _, name in at_value.sort_values(kind="stable").index]
            if len(names) > 1:
                orders.setdefault(translate_list(names), []).append(_value(one, int(place)))
        if orders:
            start = _in_panel(translate("lowest mean loss at the end first"), str(panel))
            yield f"{start}: {join_notes(*(at_place(names, list_names(values)) for names, values in orders.items()))}"


def _strongest(one: AxisRuns, tested: AxisTests, about: About) -> Iterator[str]:
    """Yield, for each measure and optimizer or pair, the comparison with the smallest p, and of equals the largest effect."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[AxisTest]] = {}
    for test in tested.tests:
        if test.about is about and (test.finding.n_values or test.is_shown) and not _is_jitter_without_values(test):
            groups.setdefault((test.measure, test.panel, test.optimizers), []).append(test)
    for tests in groups.values():
        best = min(tests, key=_strength)
        if best.finding.n > 1 or best.finding.is_exact:
            yield _comparison_text(one, best)


def _comparison_text(one: AxisRuns, test: AxisTest) -> str:
    first, second = _sides(one, test)
    finding = finding_text(_question(test), test.finding)
    values = {"measure": _words(test.measure), "first": first, "second": second, "finding": finding}
    if test.finding.is_exact:
        return translate("{measure}, {first} against {second}: {finding}, exact", **values)
    if math.isnan(test.p):
        return translate("{measure}, {first} against {second}: {finding}", **values)
    return translate("{measure}, {first} against {second}: {finding}, p {p} on this page", p=p_text(test.p), **values)


def _strength(test: AxisTest) -> tuple[float, float]:
    effect = test.finding.effect
    size = (
        0.0 if effect is None else abs(np.log(effect.mean)) if effect.unit == "ratio" and effect.mean > 0 else abs(effect.mean)
    )
    return (1.0 if math.isnan(test.p) else test.p), -float(size)


def _sides(one: AxisRuns, test: AxisTest) -> tuple[str, str]:
    """Return the two sides of a comparison in words."""
    values = [_value(one, place) for place in test.places]
    if test.about is About.OPTIMIZERS:
        a, b = test.optimizers
        return at_place(_in_panel(a, test.panel), values[0]), at_place(_in_panel(b, test.panel), values[0])
    return at_place(_in_panel(" / ".join(test.optimizers), test.panel), values[0]), values[1]


def _value(one: AxisRuns, place: int) -> str:
    """Return a value of the key in words, with the values of the keys that change with it."""
    value, *others = one.axis.texts[place].split("\n")
    beside = translate_list(f"{key}={text}" for key, text in zip(one.axis.partners, others, strict=True))
    return f"{value} ({beside})" if beside else value
