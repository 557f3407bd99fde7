"""What the grid of learning rates shows, in words: best ones at its edge, and where runs have no value."""

from collections.abc import Iterator

import pandas as pd

from zdl_bench.report.standings import TAIL_LOSS, Standings
from zdl_bench.report.words.effects import effect_text, p_text
from zdl_bench.report.words.finding import ReportedFinding, first_details, number_row
from zdl_bench.run.conditions import percent, texts_of
from zdl_bench.run.run import Status
from zdl_bench.statistics.claims import Kind, Part, View
from zdl_bench.statistics.entrants import VARIANT, Entrants
from zdl_bench.statistics.findings import Finding
from zdl_bench.statistics.judging import judge
from zdl_bench.statistics.pairing import Side, by_seed
from zdl_bench.statistics.proportions import wilson_interval


def about_edges(standings: Standings) -> Iterator[ReportedFinding]:
    """Best learning rates that are the smallest or the largest tried."""
    lines, rows = [], []
    for variant, side in standings.entrants.sides.items():
        if side.choice and side.choice.at_edge and side.choice.lr is not None:
            lrs = sorted(side.choice.shares)
            is_largest = side.choice.lr == lrs[-1]
            neighbour = lrs[-2] if is_largest else lrs[1]
            trials = standings.comparison.trials
            finding = _edge_finding(trials[trials["variant"] == variant], side.choice.lr, neighbour)
            share = f", chosen in {percent(side.choice.shares[side.choice.lr])} of resamples" if finding.n > 1 else ""
            texts = texts_of(lrs)
            best, beside = texts[side.choice.lr], texts[neighbour]
            where = f"{best} is the {'largest' if is_largest else 'smallest'} of {len(lrs)}{share}"
            lines.append(f"{variant}: {where}; its tail loss against that at {beside}: {_edge_text(finding)}")
            names = {"first": f"{variant} lr {best}", "second": f"{variant} lr {beside}"}
            rows.append(number_row(TAIL_LOSS, finding) | names)
    if lines:
        names_text = f"{len(lines)} optimizer{'s' if len(lines) > 1 else ''}"
        sentence = (
            f"The best learning rate of {names_text} lies at the edge of its grid: a better one may lie beyond. "
            "p is that of one comparison, on the seeds that chose."
        )
        yield ReportedFinding("Best learning rate at the edge", sentence, first_details(lines), rows)


def _edge_finding(trials: pd.DataFrame, edge: float, neighbour: float) -> Finding:
    """Whether the loss is lower at the edge than beside it, over the seeds that chose."""
    sides = {name: Side(by_seed(trials[trials["lr"] == lr])) for name, lr in (("edge", edge), ("neighbour", neighbour))}
    part = Part(Kind.SUPERIORITY, "tail_loss", {VARIANT: "edge"}, {VARIANT: "neighbour"}, View.BEST_LR)
    return judge(part, Entrants(sides, {}, are_tuned=True))


def _edge_text(finding: Finding) -> str:
    if finding.reason:
        return finding.reason
    if finding.effect is None or not finding.has_interval:
        values = "1 seed has" if finding.n_values == 1 else f"{finding.n_values} seeds have"
        return f"{values} values, too few to compare them"
    test = "exact" if finding.is_exact else f"p {p_text(finding.p)}"
    return f"{effect_text(finding.effect)}, n {finding.n}, {test}"


def about_lost_runs(runs: pd.DataFrame) -> Iterator[ReportedFinding]:
    """Where runs diverged, failed or did not learn, with the interval of their share."""
    outcomes = runs["status"].where((runs["status"] != Status.COMPLETED.value) | runs["learned"].astype(bool), "not learned")
    lost = outcomes != Status.COMPLETED.value
    if not lost.any():
        return
    total = outcomes[lost].value_counts(sort=False)
    lines, rows = [], []
    texts = texts_of([*runs["lr"].dropna().unique().tolist(), None])
    for (variant, lr), members in runs.assign(lost=lost, outcome=outcomes).groupby(["variant", "lr"], sort=False, dropna=False):
        count, n = int(members["lost"].sum()), len(members)
        if count:
            low, high = wilson_interval(count, n)
            states = _counts(members.loc[members["lost"], "outcome"].value_counts(sort=False))
            name = texts.get(lr, texts[None])
            interval = f"{percent(count / n)} [{percent(low)}, {percent(high)}]"
            lines.append((-low, f"{variant}, lr {name}: {states} of {n}, {interval}"))
            share = {"n": n, "effect": count / n, "low": low, "high": high, "unit": "share"}
            ids = " ".join(members.loc[members["lost"], "run_id"])
            rows.append({"first": f"{variant} lr {name}", **share, "reason": states, "run_ids": ids})
    text = [line for _, line in sorted(lines, key=lambda line: line[0])]
    yield ReportedFinding("Runs without a value", f"Of {len(runs)} runs: {_counts(total)}.", first_details(text), rows)


def _counts(counts: "pd.Series[int]") -> str:
    return ", ".join(f"{count} {str(state).replace('_', ' ')}" for state, count in counts.items())
