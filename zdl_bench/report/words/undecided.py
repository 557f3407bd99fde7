"""Say which comparisons with the control are undecided."""

from collections.abc import Iterator

from zdl_bench.language import translate
from zdl_bench.report.phrases import join_notes
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.words.effects import p_text
from zdl_bench.report.words.reported_finding import ReportedFinding, finding_text, first_details
from zdl_bench.statistics.pairwise import PairVerdict
from zdl_bench.statistics.verdict import Verdict


def about_undecided(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if comparisons with the control are undecided. The numbers are in the table of comparisons."""
    pairs = [
        (question, one)
        for question, standing in standings.at_best
        for metric in question.words
        for one in standing.against_control(metric)
    ]
    undecided = [(question, one) for question, one in pairs if one.verdict is Verdict.INSUFFICIENT and one.finding.n_deciding]
    if undecided:
        control = standings.variants[0]
        values = {"count": len(pairs), "control": control, "undecided": len(undecided)}
        if reasons := join_notes(*dict.fromkeys(one.reason for _, one in undecided)):
            sentence = translate(
                "Of {count} comparisons with {control}, the first of the plan, undecided: {undecided} ({reasons}).",
                **values,
                reasons=reasons,
            )
        else:
            sentence = translate(
                "Of {count} comparisons with {control}, the first of the plan, undecided: {undecided}.", **values
            )
        lines = [_undecided_text(question, one) for question, one in undecided if one.finding.n > 1]
        yield ReportedFinding(translate("Undecided against {control}", control=control), sentence, first_details(lines))


def _undecided_text(question: Question, pair: PairVerdict) -> str:
    return translate(
        "{measure}, {first} against {second}: {finding}, p {p} on this page",
        measure=question.words[pair.metric],
        first=pair.first,
        second=pair.second,
        finding=finding_text(question, pair.finding),
        p=p_text(pair.p),
    )
