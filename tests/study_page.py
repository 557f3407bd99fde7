"""What `docs/study.md` and `docs/ja/study.md` show of the study: the table of ranks, and its figure.

`python tests/study_page.py` draws the figure and writes the table between the marks of the pages, all from
`results/reference/study.parquet`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from optimizer_pages import REFERENCE, ROOT
from study_results import Rank, Study, problem_of, setting_names, study_in

from zdl_bench.report.display_names import optimizer_label
from zdl_bench.report.figures.cells import color_cells, write_cells
from zdl_bench.report.figures.style import house_style

PAGE = ROOT / "docs/study.md"
JAPANESE_PAGE = ROOT / "docs/ja/study.md"
FIGURE = ROOT / "docs/figures/study_ranks.png"
MEASURE = "tail_loss"
PALE_RANK = 0.45
"""The share of the ranks, from the best on, whose cells are dark."""

JAPANESE = {
    "optimizer": "最適化手法",
    "mean rank": "平均順位",
    "digits": "手書き数字",
    "autoencoder": "オートエンコーダ",
    "noisy quadratic": "ノイズのある 2 次関数",
    "Rosenbrock": "Rosenbrock 関数",
    "steps": "ステップ",
    "constant": "一定",
    "cosine": "コサイン",
    ", ": "、",
}
"""The words of the table's head."""


def mean_ranks(ranks: Mapping[str, Mapping[str, Rank]]) -> dict[str, float]:
    """Return the mean rank of each optimizer, the lowest first. A problem counts once, however many settings it has."""
    means = {}
    for name, by_setting in ranks.items():
        of_name = pd.Series({setting: one.rank for setting, one in by_setting.items()})
        means[name] = float(of_name.groupby(problem_of).mean().mean())
    return dict(sorted(means.items(), key=lambda item: item[1]))


def draw_ranks(ranks: Mapping[str, Mapping[str, Rank]]) -> Figure:
    """Return the figure: a row per optimizer, a column per setting, in each cell the rank by the loss at the end."""
    order = list(mean_ranks(ranks))
    settings = list(next(iter(ranks.values())))
    cells = pd.DataFrame([[ranks[name][one].rank for one in settings] for name in order], index=order, columns=settings)
    with house_style():
        figure = Figure(figsize=(9.6, 2.1 + 0.3 * len(order)), layout="constrained", dpi=110)
        axes = figure.add_subplot()
        color_cells(cells.astype(float), axes, cmap="viridis", cbar=False)
        write_cells(cells.astype(str), cells < PALE_RANK * len(order), axes)
        axes.set_yticks(np.arange(len(order)) + 0.5, [optimizer_label(name) for name in order], rotation=0)
        names = setting_names(settings)
        axes.xaxis.tick_top()
        axes.set_xticks(np.arange(len(settings)) + 0.5, [names[one] for one in settings], rotation=35, ha="left")
        axes.grid(visible=False)
        axes.set(xlabel="", ylabel="")
    return figure


def rank_lines(study: Study) -> Iterator[str]:
    """Yield the table of ranks, with 95 % of the ranks in resamples of the seeds in brackets."""
    ranks = study.ranks(MEASURE)
    settings = list(next(iter(ranks.values())))
    names = setting_names(settings)
    yield f"| optimizer | mean rank | {' | '.join(names[one] for one in settings)} |"
    yield f"|---|---|{'---|' * len(settings)}"
    for name, mean in mean_ranks(ranks).items():
        of_name = ranks[name]
        cells = [f"{of_name[one].rank} ({of_name[one].low}–{of_name[one].high})" for one in settings]
        yield f"| [{optimizer_label(name)}](optimizers/{name}.md) | {mean:.1f} | {' | '.join(cells)} |"


def in_japanese(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table for a page in `docs/ja/`: the head translated, links that lead on from there."""
    head, *others = lines
    for english, japanese in JAPANESE.items():
        head = head.replace(english, japanese)
    yield head
    yield from (line.replace("](", "](../") for line in others)


def write_table(page: Path, lines: Iterable[str]) -> None:
    """Put a table between the marks of a page."""
    table = "\n".join(lines)
    marked = re.compile(r"(<!-- ranks -->\n).*?(<!-- end -->)", re.DOTALL)
    text = marked.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")


def main(reference: Path = REFERENCE) -> None:
    study = study_in(reference)
    assert study is not None, "run the study first"
    draw_ranks(study.ranks(MEASURE)).savefig(FIGURE)
    lines = list(rank_lines(study))
    write_table(PAGE, lines)
    write_table(JAPANESE_PAGE, in_japanese(lines))


if __name__ == "__main__":
    main()
