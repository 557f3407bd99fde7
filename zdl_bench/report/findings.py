"""What a comparison shows, in words written from its numbers. Each sentence rests on a test, which stands below it."""

from collections.abc import Iterable, Iterator

import pandas as pd

from zdl_bench.conditions import short
from zdl_bench.report.descriptions import listed
from zdl_bench.report.page import PageFinding, PagePart
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.verdicts import effect_text, p_value
from zdl_bench.run import Status
from zdl_bench.statistics.claims import Kind, Part, View
from zdl_bench.statistics.entrants import VARIANT, Entrants
from zdl_bench.statistics.findings import Finding
from zdl_bench.statistics.judging import judge
from zdl_bench.statistics.pairing import Side
from zdl_bench.statistics.proportions import wilson_interval
from zdl_bench.statistics.standing import Leader
from zdl_bench.statistics.verdicts import Judged, Verdict

MOST_LINES = 8
SAME_SEEDS = (
    "The learning rates were chosen on the seeds that are judged, among as many for each optimizer, so that nobody gains by "
    "it; an experiment with tuning seeds chooses on others."
)


def findings_of(standings: Standings) -> Iterator[PageFinding]:
    """Who is fastest, lowest at the end, steadiest; what is undecided; learning rates at the edge; runs without a value."""
    if len(standings.variants) > 1:
        for question, standing in standings.at_best:
            assert standing.leader is not None
            yield _about_leader(question, standing.leader, standings)
        yield from _about_undecided(standings)
    yield from _about_edges(standings)
    yield from _about_lost_runs(standings.comparison.runs)


def findings_markdown(parts: Iterable[PagePart]) -> str:
    """The findings of all comparisons as a text; empty where there are none."""
    blocks = []
    for part in parts:
        if part.findings:
            blocks.append(f"# {part.heading}\n\n" + "\n".join(part.context))
        for finding in part.findings:
            blocks.append(f"## {finding.heading}\n\n{finding.sentence}")
            blocks += ["\n".join(f"- {detail}" for detail in finding.details)] if finding.details else []
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _about_leader(question: Question, leader: Leader, standings: Standings) -> PageFinding:
    rivals = [_against(question, rival, finding) for rival, finding in leader.rivals.items()]
    details = [*_first(rivals), *_leader_notes(leader, standings)]
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return PageFinding(f"{question.superlative}: not decidable", f"{_sentence(leader.reason)}", [])
    name = f"{leader.variant}{_lr_text(leader.variant, standings)}"
    if leader.verdict is Verdict.SUPPORTED:
        others = f"each of the {len(rivals)} others" if len(rivals) > 1 else next(iter(leader.rivals))
        sentence = f"{name} has a lower {question.words} than {others}{_view(standings)}."
        return PageFinding(f"{question.superlative}: {leader.variant}", sentence, details)
    undecided = listed(leader.undecided or leader.rivals)
    sentence = f"{name} is ahead by {question.words}{_view(standings)}, but not shown to be ahead of {undecided}"
    reason = f": {leader.reason}" if leader.reason else ""
    return PageFinding(f"{question.superlative}: undecided", f"{sentence}{reason}.", details)


def _view(standings: Standings) -> str:
    """Where there was no choice, the learning rate beside the name says it all."""
    return f", {standings.view}" if standings.comparison.has_lr_choice else ""


def _leader_notes(leader: Leader, standings: Standings) -> Iterator[str]:
    candidates = f"p {p_value(leader.p)} for being ahead of all, adjusted for {1 + len(leader.rivals)} candidates"
    yield "exact: deterministic runs, no p" if all(f.is_exact for f in leader.rivals.values()) else candidates
    if standings.comparison.has_lr_choice and not standings.entrants.are_tuned:
        yield SAME_SEEDS


def _against(question: Question, rival: str, finding: Finding) -> str:
    return f"against {rival}: {_finding_text(question, finding)}"


def _finding_text(question: Question, finding: Finding) -> str:
    """Effect, interval, n and wins, as far as there are any."""
    if finding.reason:
        return finding.reason
    values = "" if finding.n == finding.n_values else f" ({finding.n_values} with values)"
    wins = f", wins {finding.wins.rate:.0%}" if finding.wins and not finding.is_exact else ""
    return f"{effect_text(question.effect(finding))}, n {finding.n}{values}{wins}"


def _about_undecided(standings: Standings) -> Iterator[PageFinding]:
    """The comparisons with the control that a test could not decide."""
    undecided = [
        (question, judged)
        for question, standing in standings.at_best
        for judged in standing.contrasts
        if judged.verdict is Verdict.INSUFFICIENT and standing.leader and standing.leader.verdict is not Verdict.NOT_DECIDABLE
    ]
    if undecided:
        control = standings.variants[0]
        total = sum(len(standing.contrasts) for _, standing in standings.at_best)
        reasons = "; ".join(dict.fromkeys(judged.reason for _, judged in undecided if judged.reason))
        sentence = f"Of {total} comparisons with {control}, the first of the plan, undecided: {len(undecided)}"
        lines = [_undecided_text(question, judged) for question, judged in undecided]
        yield PageFinding(f"Undecided against {control}", f"{sentence}{f' ({reasons})' if reasons else ''}.", _first(lines))


def _undecided_text(question: Question, judged: Judged) -> str:
    [finding] = judged.findings
    return f"{question.noun}, {judged.claim.id}: {_finding_text(question, finding)}, p {p_value(judged.adjusted)} in its family"


def _about_edges(standings: Standings) -> Iterator[PageFinding]:
    """Best learning rates that are the smallest or the largest tried."""
    lines = []
    for variant, side in standings.entrants.sides.items():
        if side.choice and side.choice.at_edge and side.choice.lr is not None:
            lrs = sorted(side.choice.shares)
            end = "largest" if side.choice.lr == lrs[-1] else "smallest"
            share = side.choice.shares[side.choice.lr]
            neighbour = lrs[-2] if end == "largest" else lrs[1]
            trials = standings.comparison.trials
            finding = _edge_finding(trials[trials["variant"] == variant], side.choice.lr, neighbour)
            chosen = f"{short(side.choice.lr)} is the {end} of {len(lrs)}, chosen in {share:.0%} of resamples"
            lines.append(f"{variant}: {chosen}; its tail loss against that at {short(neighbour)}: {_edge_text(finding)}")
    if lines:
        names = f"{len(lines)} optimizer{'s' if len(lines) > 1 else ''}"
        sentence = f"The best learning rate of {names} lies at the edge of its grid: a better one may lie beyond."
        yield PageFinding("Best learning rate at the edge", sentence, _first(lines))


def _edge_finding(trials: pd.DataFrame, edge: float, neighbour: float) -> Finding:
    """Whether the loss is lower at the edge than beside it, over the seeds that chose."""
    sides = {short(lr): Side(trials[trials["lr"] == lr].set_index("seed", drop=False)) for lr in (edge, neighbour)}
    first, second = ({VARIANT: short(lr)} for lr in (edge, neighbour))
    part = Part(Kind.SUPERIORITY, "tail_loss", first, second, View.BEST_LR)
    return judge(part, Entrants(sides, {}, are_tuned=True))


def _edge_text(finding: Finding) -> str:
    if finding.reason or finding.effect is None:
        return finding.reason or "no value there"
    test = "exact" if finding.is_exact else f"p {p_value(finding.p)}"
    return f"{effect_text(finding.effect)}, n {finding.n}, {test}"


def _about_lost_runs(runs: pd.DataFrame) -> Iterator[PageFinding]:
    """Where runs diverged, failed or did not learn, with the interval of their share."""
    outcomes = runs["status"].where((runs["status"] != Status.COMPLETED.value) | runs["learned"].astype(bool), "not learned")
    lost = outcomes != Status.COMPLETED.value
    if not lost.any():
        return
    total = outcomes[lost].value_counts(sort=False)
    lines = []
    for (variant, lr), members in runs.assign(lost=lost, outcome=outcomes).groupby(["variant", "lr"], sort=False, dropna=False):
        count, n = int(members["lost"].sum()), len(members)
        if count:
            low, high = wilson_interval(count, n)
            states = _counts(members.loc[members["lost"], "outcome"].value_counts(sort=False))
            lines.append((-low, f"{variant}, lr {short(lr)}: {states} of {n}, {count / n:.0%} [{low:.0%}, {high:.0%}]"))
    text = [line for _, line in sorted(lines, key=lambda line: line[0])]
    yield PageFinding("Runs without a value", f"Of {len(runs)} runs: {_counts(total)}.", _first(text))


def _counts(counts: "pd.Series[int]") -> str:
    return ", ".join(f"{count} {str(state).replace('_', ' ')}" for state, count in counts.items())


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _first(lines: Iterable[str]) -> list[str]:
    listed_lines = list(lines)
    rest = len(listed_lines) - MOST_LINES
    return listed_lines[:MOST_LINES] + ([f"and {rest} more, in the tables"] if rest > 0 else [])
