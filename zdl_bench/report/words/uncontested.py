"""Answer for a setting in which nothing is compared: no run has a value, or only one optimizer has any."""

from dataclasses import dataclass

from zdl_bench.language import translate, translate_count
from zdl_bench.report.phrases import join_clauses, list_names, states_text, with_full_stop
from zdl_bench.report.standings import Standings
from zdl_bench.report.words.variant_text import IT_ENDS, at_lr, edge_text, ends_text, has_lost_runs, left_out_text, lr_of
from zdl_bench.run.counts import count_of
from zdl_bench.run.run import Status

DID_NOT_LEARN = "did not learn"
"""What is said of completed runs if no run has a value."""


@dataclass(frozen=True)
class SettingAnswer:
    """What to use in one setting.

    variant: the optimizer that is ahead, or empty if no run has a value. is_shown: whether tests show that it is best. advice,
    because, not_shown, next_words, command: as of `Answer`. why: the clause that says why nothing is shown. at_lr: the variant
    with its learning rate, `adam at lr 0.01`.
    """

    variant: str
    advice: str
    because: str = ""
    not_shown: str = ""
    next_words: str = ""
    command: str = ""
    is_shown: bool = False
    why: str = ""
    at_lr: str = ""


def without_values(standings: Standings) -> SettingAnswer:
    """Return the answer if no run that is judged has a value."""
    every, runs = standings.comparison.runs, standings.comparison.judged
    if runs.empty and (every["learned"].astype(bool) & (every["status"] == Status.COMPLETED.value)).any():
        not_shown = with_full_stop(left_out_text(standings))
        return SettingAnswer("", translate("Only tuning seeds have run; nothing is judged yet."), not_shown=not_shown)
    runs = every if runs.empty else runs
    states = runs["status"].replace(Status.COMPLETED.value, DID_NOT_LEARN).value_counts()
    if states.get(DID_NOT_LEARN, 0) == len(runs):
        advice = translate_count(
            "Nothing learned: the only run ended no better than the trivial answer.",
            "Nothing learned: all {count} runs ended no better than the trivial answer.",
            len(runs),
        )
        not_shown = translate("anything about these optimizers; try larger learning rates or more steps.")
        return SettingAnswer("", advice, not_shown=not_shown)
    if states.get(Status.DIVERGED.value, 0) == len(runs):
        lrs = runs["lr"].dropna()
        advice = translate_count(
            "Everything diverged: the only run blew up.", "Everything diverged: all {count} runs blew up.", len(runs)
        )
        if len(lrs):
            not_shown = translate("anything about these optimizers; try learning rates below {lr:g}.", lr=lrs.min())
        else:
            not_shown = translate("anything about these optimizers; try learning rates.")
        return SettingAnswer("", advice, not_shown=not_shown)
    parts = list_names(states_text((str(state), count) for state, count in states.items()))
    not_shown = translate("anything about these optimizers; the table of runs has the reasons.")
    return SettingAnswer("", translate("No run has a result to compare: {states}.", states=parts), not_shown=not_shown)


def without_rivals(standings: Standings) -> SettingAnswer:
    """Return the answer if fewer than two of several optimizers have runs to compare."""
    present, why = next(iter(standings.entrants.sides), ""), left_out_text(standings)
    advice = (
        translate("Only {name} has runs to compare.", name=present)
        if present
        else translate("No optimizer has runs to compare.")
    )
    return SettingAnswer(present, advice, not_shown=with_full_stop(why), why=why)


def of_one(standings: Standings) -> SettingAnswer:
    """Return the answer if only one optimizer ran: its best learning rate, and where it ends."""
    [variant] = standings.variants
    side = standings.entrants.sides.get(variant)
    if side is None:
        text = translate("{name} has no learning rate at which all runs have a value.", name=variant)
        return SettingAnswer(variant, text)
    named, place = at_lr(variant, standings), lr_of(variant, standings)
    if side.choice is not None and len(side.choice.lrs) > 1:
        ending = _over_seeds(ends_text(variant, standings), variant, standings)
        advice = translate("Use {name}.", name=named)
        if side.choice.others:
            because = translate(
                "It has the lowest mean loss at the end of {count} values tried; there {ending}.",
                count=len(side.choice.lrs),
                ending=ending,
            )
        else:
            because = translate(
                "It has the lowest mean loss at the end of {count} learning rates tried; there {ending}.",
                count=len({*side.choice.lrs}),
                ending=ending,
            )
    else:
        advice = (
            translate("Only {name} ran, at {place}.", name=variant, place=place)
            if place
            else translate("Only {name} ran.", name=variant)
        )
        because = with_full_stop(_over_seeds(ends_text(variant, standings, IT_ENDS), variant, standings))
    others = translate("how other optimizers do, since none ran")
    not_shown = with_full_stop(join_clauses(others, edge_text(variant, standings)))
    return SettingAnswer(variant, advice, because, not_shown, at_lr=named)


def _over_seeds(ending: str, variant: str, standings: Standings) -> str:
    """Add over how many seeds a variant ends there, unless the text says it already."""
    if has_lost_runs(variant, standings):
        return ending
    seeds = count_of(len(standings.entrants.sides[variant].runs), "seed")
    return translate("{ending}, over {seeds}", ending=ending, seeds=seeds)
