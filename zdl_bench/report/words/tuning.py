"""Say what tuning cost, whether the control may be undertuned, and how the optimizer ahead depends on the tuning budget."""

from collections.abc import Iterator, Mapping, Sequence

from zdl_bench.language import later, translatable, translate, translate_list
from zdl_bench.report.phrases import join_notes, join_sentences, list_names
from zdl_bench.report.standings import TAIL_LOSS, Standings
from zdl_bench.report.tables.tuning import candidate_text
from zdl_bench.report.words.reported_finding import ReportedFinding, first_details
from zdl_bench.run.conditions import percent
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.tuning_budget import SURE_SHARE, TuningCost, ahead_shares

HEADING = translatable("Tuning budgets")
ONE_AHEAD_SURELY = translatable(
    "With one random trial each, {name} has the lowest loss on the tuning seeds in {share} of draws, with all trials in {last}."
)
ONE_AHEAD = translatable(
    "With one random trial each, {name} has the lowest loss on the tuning seeds in {share} of draws, with all trials in "
    "{last}, which is not certain."
)
TWO_AHEAD_SURELY = translatable(
    "With one random trial each, {name} has the lowest loss on the tuning seeds in {share} of draws, with all trials {other} "
    "in {last}: who is ahead depends on the budget."
)
TWO_AHEAD = translatable(
    "With one random trial each, {name} has the lowest loss on the tuning seeds in {share} of draws, with all trials {other} "
    "in {last}, which is not certain: who is ahead depends on the budget."
)


def about_tuning(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if several optimizers are compared and some of them were tuned on tuning seeds.

    It warns if the baseline, which is the control, may be undertuned while another optimizer has the lowest loss at the end.
    """
    costs = {cost.variant: cost for cost in standings.comparison.tuning_costs}
    if len(standings.variants) < 2 or not any(cost.was_tuned for cost in costs.values()):
        return
    sentence = join_sentences(_alarm(standings, costs), _about_budgets([*costs.values()]))
    lines = [*_unequal([*costs.values()]), *map(_cost_text, costs.values())]
    yield ReportedFinding(translate(HEADING), sentence, first_details(lines))


def concerns_about(cost: TuningCost, ahead: TuningCost | None) -> list[str]:
    """Return what suggests that an optimizer is undertuned, in words. ahead: the tuning of the one that is ahead of it."""
    found: list[str] = []
    choice = cost.choice
    if cost.was_tuned and choice.at_edge:
        if choice.lr == choice.lrs[0]:
            found.append(later("its best learning rate, {lr:g}, is the smallest that was tried", lr=choice.lr))
        else:
            found.append(later("its best learning rate, {lr:g}, is the largest that was tried", lr=choice.lr))
    if cost.was_tuned and choice.row is None:
        found.append(later("no value that was tried has a loss on all tuning seeds"))
    if ahead and ahead.budget > cost.budget:
        found.append(
            later(
                "its tuning had {budget:,.0f} gradient evaluations, and {name}, which is ahead, {more:,.0f}",
                budget=cost.budget,
                name=ahead.variant,
                more=ahead.budget,
            )
        )
    if cost.still_falls:
        text = translatable("its last trial still lowered its expected loss, by a factor of {factor:.3g}")
        found.append(later(text, factor=cost.last_gain))
    if cost.is_unsure and choice.row is not None:
        found.append(_unsure_text(cost, choice.row))
    return found


def _unsure_text(cost: TuningCost, row: int) -> str:
    best, runner_up = {"best": candidate_text(cost.choice, row), "share": percent(cost.choice.share)}, cost.runner_up
    if runner_up is None:
        return later("another value is within noise: {best} is chosen in {share} of resamples", **best)
    return later(
        "another value is within noise: {best} is chosen in {share} of resamples, and {other} in {rest}",
        other=candidate_text(cost.choice, runner_up),
        rest=percent(_share(cost, runner_up)),
        **best,
    )


def _alarm(standings: Standings, costs: Mapping[str, TuningCost]) -> str:
    control, leader = standings.variants[0], _ahead(standings)
    if control not in costs:
        return translate(
            "Baseline undertuned? {control}, the control, was not tuned: it has no runs on the tuning seeds.", control=control
        )
    if leader is None:
        return ""
    concerns = join_notes(*concerns_about(costs[control], costs.get(leader) if leader != control else None))
    if leader == control and concerns:
        text = translatable(
            "{control}, the control, has the lowest loss at the end itself, so that no lead rests on its tuning, though it may "
            "have more room: {concerns}."
        )
    elif leader == control:
        text = translatable(
            "{control}, the control, has the lowest loss at the end itself, so that no lead rests on its tuning."
        )
    elif concerns:
        text = translatable("Baseline undertuned? A lead over {control}, the control, may be one of tuning: {concerns}.")
    else:
        text = translatable(
            "Nothing suggests that {control}, the control, is undertuned: its budget, its grid and its choice are sound."
        )
    return translate(text, control=control, concerns=concerns)


def _ahead(standings: Standings) -> str | None:
    """Return the variant that leads in loss at the end, which is what tuning goes by, or None if nothing can be compared."""
    leaders = [standing.leader for question, standing in standings.at_best if question.noun == TAIL_LOSS.noun]
    return next((leader.variant for leader in leaders if leader), None)


def _about_budgets(costs: Sequence[TuningCost]) -> str:
    """Return the sentence on who has the lowest loss on the tuning seeds with one random trial each, and with all trials."""
    shares = ahead_shares([cost.losses for cost in costs])
    first, last = shares[0], shares[-1]
    few, all_trials = costs[int(first.argmax())].variant, costs[int(last.argmax())].variant
    texts = (ONE_AHEAD_SURELY, ONE_AHEAD) if few == all_trials else (TWO_AHEAD_SURELY, TWO_AHEAD)
    text = texts[int(last.max() < SURE_SHARE)]
    return translate(text, name=few, share=percent(first.max()), other=all_trials, last=percent(last.max()))


def _unequal(costs: Sequence[TuningCost]) -> Iterator[str]:
    tuned = [cost for cost in costs if cost.was_tuned]
    budgets = sorted({cost.budget for cost in tuned})
    if len(budgets) > 1:
        most = list_names(cost.variant for cost in tuned if cost.budget == budgets[-1])
        yield translate(
            "unequal budgets: from {least:,.0f} to {most:,.0f} gradient evaluations; most had {names}",
            least=budgets[0],
            most=budgets[-1],
            names=most,
        )


def _cost_text(cost: TuningCost) -> str:
    if cost.evaluations < cost.budget:
        text = translatable("{runs}, {count:,.0f} gradient evaluations of {budget:,.0f}, since runs diverged")
    else:
        text = translatable("{runs}, {count:,.0f} gradient evaluations")
    spent = translate(text, runs=count_of(cost.runs, "run"), count=cost.evaluations, budget=cost.budget)
    if not cost.was_tuned:
        why = translate("one trial") if cost.has_lr else translate("no learning rate, so one trial and nothing to choose")
        return f"{cost.variant}: {join_notes(why, spent)}"
    best = cost.choice.row
    best_text = "" if best is None else translate("best {value}", value=candidate_text(cost.choice, best))
    trials = count_of(cost.trials, "trial")
    return f"{cost.variant}: {join_notes(translate_list([trials, spent]), best_text)}"


def _share(cost: TuningCost, row: int) -> float:
    return float(cost.choice.candidate_shares[row])
