"""The sections of an optimizer's page that hold results: its place in the study, and the verdicts on claims that name it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from study_results import JudgedClaim, Rank, Study, setting_names

from zdl_bench.registry import conf_files
from zdl_bench.report.display_names import optimizer_label
from zdl_bench.run.conditions import short

EXPERIMENTS = "../../experiments/README.md"
"""The list of experiments, from a page of an optimizer. The site has a page in its place."""


def place_lines(name: str, study: Study | None, ranks: Mapping[str, Mapping[str, Rank]]) -> Iterator[str]:
    """Yield the section on an optimizer's ranks and losses in the study, if it was in it. ranks: words → setting → its rank."""
    if study is None or not any(ranks.values()):
        return
    yield "## Among the others\n"
    yield "From the [study](../study.md) of 37 optimizers, each at its best learning rate. Brackets hold 95 % of the"
    yield "ranks in resamples of the seeds.\n"
    yield f"| setting | seeds | {' | '.join(f'rank by {words}' for words in ranks)} |\n|---|---|{'---|' * len(ranks)}"
    names = setting_names([*next(iter(ranks.values()))])
    for setting, one in next(iter(ranks.values())).items():
        cells = ["{} ({} to {}) of {}".format(*by_setting[setting]) for by_setting in ranks.values()]
        yield f"| {names[setting]} | {one.seeds} | {' | '.join(cells)} |"
    yield ""
    losses = study.losses_by_lr(name)
    if losses:
        yield "Mean loss at the end by learning rate, the lowest in bold; –: a run has no value.\n"
        yield "| setting | learning rate: loss |\n|---|---|"
    for setting, means in losses.items():
        cells = [f"{short(lr)}: {'–' if loss != loss else f'{loss:.3g}'}" for lr, loss in means.items()]
        marked = [f"**{cell}**" if loss == means.min() else cell for cell, loss in zip(cells, means, strict=True)]
        yield f"| {names[setting]} | {' · '.join(marked)} |"
    yield ""


def verdict_lines(name: str, rows: Sequence[JudgedClaim]) -> Iterator[str]:
    """Yield the section on the claims that name an optimizer, with links to the optimizers of the same module."""
    yield "## What experiments say of it\n"
    relatives = [other for other in conf_files.native_names("optimizer") if other != name and _module(other) == _module(name)]
    also = ", ".join(f"[{optimizer_label(other)}]({other}.md)" for other in relatives)
    if rows:
        yield f"Claims that name it, with their verdicts; the numbers are with the [experiments]({EXPERIMENTS}#verdicts).\n"
        yield "| experiment | claim | verdict | variants of the claim |\n|---|---|---|---|"
    else:
        yield f"No [experiment]({EXPERIMENTS}) has judged a claim about it, so this page does not say when to use it.\n"
    for (experiment, number), of_claim in groupby(rows, key=lambda row: (row.experiment, row.claim.partition(", ")[0])):
        first, *variants = of_claim
        yield f"| `{experiment}` | {number}. {first.sentence} | {first.verdict} | {_by_verdict(variants)} |"
    if rows:
        yield ""
    if also:
        yield f"Close to it: {also}.\n"


def _by_verdict(variants: Iterable[JudgedClaim]) -> str:
    found: dict[str, list[str]] = {}
    for one in variants:
        found.setdefault(one.verdict, []).append(one.claim.partition(", ")[2])
    return "; ".join(f"{verdict}: {', '.join(claims)}" for verdict, claims in found.items())


def _module(name: str) -> str:
    return str(conf_files.load_yaml("optimizer", name)["_target_"]).rpartition(".")[0]
