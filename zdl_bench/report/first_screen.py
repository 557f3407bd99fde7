"""The first screen of a page: the answer, what was run, the losses, and a row per optimizer."""

from collections.abc import Sequence

import pandas as pd

from zdl_bench.language import speaking, translatable, translate
from zdl_bench.report.figures.named_lines import named_lines
from zdl_bench.report.files import Files
from zdl_bench.report.freshness import ANSWER_FILE
from zdl_bench.report.language_fonts import figure_language, font_hint
from zdl_bench.report.page import FirstScreen
from zdl_bench.report.page_budget import PageTests
from zdl_bench.report.phrases import join_sentences
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.leaderboard import is_tested, leaderboard, setting_table
from zdl_bench.report.tables.table import Column, PageTable, Table
from zdl_bench.report.words.answer import answer_of
from zdl_bench.report.words.context import SEPARATOR, common_context
from zdl_bench.report.words.setting_answer import setting_answer
from zdl_bench.run.counts import count_of
from zdl_bench.run.run import Status
from zdl_bench.statistics.verdict import Judgment

MAX_SETTINGS = 10
"""Largest number of settings in the table of the first screen."""
ON_BOLD = translatable("Lowest mean loss first. Bold: the best value of all optimizers whose runs all learned.")
ON_SHADES = translatable(
    "Shaded: who is ahead by the tests of this page, and who is not shown to be worse. No shades: nobody could be told apart."
)
ON_NO_SHADES = translatable("Nothing is shaded, since nothing could be tested.")
ON_SETTING_ROWS = translatable("One row for each setting. Ahead: the fastest there, in bold if that is shown.")
ON_CLAIM_ROWS = translatable("One row for each claim; the section on verdicts has the numbers.")


def first_screen(tests: PageTests, judged: Sequence[Judgment], files: Files) -> FirstScreen:
    """Return the first screen of a page, and add the files of its figure."""
    answer = answer_of(tests, judged)
    files.contents[ANSWER_FILE] = "".join(f"{line}\n" for line in filter(None, [*answer.lines, font_hint()])).encode()
    first = tests.standings[0]
    with speaking(figure_language()):
        has_values = (first.comparison.judged["status"] == Status.COMPLETED.value).any()
        figure = named_lines(first.comparison) if has_values else None
    table, note = _table(tests.standings, judged)
    return FirstScreen(
        answer=answer,
        context=_context(tests.standings),
        figure=files.add_first_figure(figure) if figure else None,
        table=table,
        note=note,
    )


def _table(every: Sequence[Standings], judged: Sequence[Judgment]) -> tuple[PageTable, str]:
    if judged:
        rows = pd.DataFrame([{"claim": one.claim.sentence, "verdict": one.verdict.value} for one in judged])
        columns = [Column(translate("claim"), "claim"), Column(translate("verdict"), "verdict", translate)]
        return Table("claims", rows, columns).on_page(), translate(ON_CLAIM_ROWS)
    if len(every) > 1:
        shown = every[:MAX_SETTINGS]
        notes = [translate(ON_SETTING_ROWS)]
        if len(every) > len(shown):
            notes.append(translate("The other {count} settings are below.", count=len(every) - len(shown)))
        return setting_table(shown, [setting_answer(one) for one in shown]).on_page(), join_sentences(*notes)
    first = every[0]
    if not (first.comparison.judged["tail_loss"].notna() & first.comparison.judged["learned"].astype(bool)).any():
        return PageTable([], []), ""
    table = leaderboard(first).on_page()
    left_out = len(first.variants) - len(table.rows)
    if len(table.rows) < 2:
        return table, ""
    notes = [translate(ON_BOLD), translate(ON_SHADES if is_tested(first) else ON_NO_SHADES)]
    if left_out > 0:
        notes.append(translate("The other {count} are in the standings, under “Comparison”.", count=left_out))
    return table, join_sentences(*notes)


def _context(every: Sequence[Standings]) -> str:
    """Return what was run, in one line."""
    names = {variant for one in every for variant in one.variants}
    settings = [count_of(len(every), "setting")] if len(every) > 1 else []
    common = common_context([one.comparison.context for one in every])
    lines = [part for line in common for part in line.split(SEPARATOR)]
    return SEPARATOR.join([count_of(len(names), "optimizer"), *settings, *lines])
