"""What a report finds, as objects: sentences for reading, and numbers behind them as a frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from markupsafe import Markup, escape

from zdl_bench.language import Language, speaking, spoken, translate
from zdl_bench.report.page_budget import PageTests
from zdl_bench.report.words.answer import Answer, answer_of
from zdl_bench.report.words.axes import about_axis
from zdl_bench.report.words.findings import findings_of
from zdl_bench.report.words.reported_finding import ReportedFinding
from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.statistics.verdict import Judgment

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SettingFindings:
    """The findings of one setting, or of an axis of the sweep. context: what its runs have in common.

    setting: what sets its runs apart, empty if the runs have only one setting; or `Influence of …` for an axis.
    """

    setting: str
    context: tuple[str, ...]
    findings: tuple[ReportedFinding, ...]


@dataclass(frozen=True, repr=False)
class Findings(Sequence[ReportedFinding]):
    """The findings of a report, in its order: a sequence of findings, each with heading, sentence, details and rows.

    settings: the same findings by setting. verdicts: the lines on the claims of an experiment; empty without claims. answer:
    what they come to: what to use, and what is not shown. language: that of all these texts. `frame` has the numbers.
    `print(findings)` gives all sentences.
    """

    settings: tuple[SettingFindings, ...]
    verdicts: tuple[str, ...] = ()
    answer: Answer | None = None
    language: Language = field(default_factory=spoken)

    @property
    def frame(self) -> "pd.DataFrame":
        """One row per comparison behind a finding: setting, finding, metric, first, second, n, effect, low, high, p, run_ids.

        low, high: the 95 % interval of the effect, in `unit`. p: unadjusted, NaN if nothing was tested.
        """
        import pandas as pd

        rows = [
            {"setting": one.setting, "finding": finding.heading} | dict(row)
            for one in self.settings
            for finding in one.findings
            for row in finding.rows
        ]
        return pd.DataFrame(rows)

    @overload
    def __getitem__(self, place: int) -> ReportedFinding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[ReportedFinding]: ...

    def __getitem__(self, place: int | slice) -> ReportedFinding | Sequence[ReportedFinding]:
        return [finding for one in self.settings for finding in one.findings][place]

    def __len__(self) -> int:
        return sum(len(one.findings) for one in self.settings)

    def __repr__(self) -> str:
        lines = [*(self.answer.lines if self.answer else []), *self.verdicts]
        for one in self.settings:
            lines += ["", *filter(None, [one.setting]), *one.context]
            for finding in one.findings:
                lines += ["", repr(finding)]
        return "\n".join(lines).strip() or self._nothing

    def _repr_html_(self) -> str:
        """Return the findings as HTML for a notebook. All text is escaped."""
        parts = [Markup("<p><strong>{}</strong> {}</p>").format(self.answer.advice, self.answer.because)] if self.answer else []
        lines = [*(self.answer.lines[1:] if self.answer else []), *self.verdicts]
        parts += [Markup("<p>{}</p>").format(line) for line in lines]
        for one in self.settings:
            heading = Markup("<h4>{}</h4>").format(one.setting) if one.setting else Markup()
            context = Markup("<p><small>{}</small></p>").format(Markup("<br>").join(map(escape, one.context)))
            items = [
                Markup("<dt><strong>{}</strong></dt><dd>{}{}</dd>").format(
                    finding.heading, finding.sentence, _html_list(finding.details)
                )
                for finding in one.findings
            ]
            parts += [heading, context, Markup("<dl>{}</dl>").format(Markup().join(items))]
        return str(Markup().join(parts) or Markup("<p>{}</p>").format(self._nothing))

    @property
    def _nothing(self) -> str:
        with speaking(self.language):
            return translate("no findings")


def page_findings(tests: PageTests, judged: Sequence[Judgment]) -> Findings:
    """Return what a page finds by these tests and verdicts."""
    parts = [
        *(
            SettingFindings(translate("Influence of {name}", name=one.axis.name), one.context, (about_axis(one, tested),))
            for one, tested in tests.axes
        ),
        *(SettingFindings(one.comparison.setting, one.comparison.context, tuple(findings_of(one))) for one in tests.standings),
    ]
    return Findings(tuple(parts), tuple(verdict_lines(judged)), answer_of(tests, judged) if tests.standings else None)


def _html_list(lines: Sequence[str]) -> Markup:
    items = Markup().join(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup("<ul>{}</ul>").format(items) if items else Markup()
