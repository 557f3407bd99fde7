"""Answer the question of a sweep in a few sentences: what to use, by how much it is better, and what is not shown."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from zdl_bench.language import Language, speaking, spoken, translate, translate_count, translate_list
from zdl_bench.report.axis_runs import AxisRuns
from zdl_bench.report.page_budget import PageTests
from zdl_bench.report.phrases import and_more, join_and, join_notes, join_sentences, list_names, with_full_stop
from zdl_bench.report.standings import Standings
from zdl_bench.report.words.axes import about_axis
from zdl_bench.report.words.setting_answer import setting_answer
from zdl_bench.report.words.uncontested import SettingAnswer
from zdl_bench.report.words.variant_text import at_place
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.axis_tests import AxisTests
from zdl_bench.statistics.verdict import Judgment, Verdict

MAX_NAMED_CLAIMS = 3
"""Largest number of settings or claims of a kind that an answer names."""
CLAIM_LETTERS = 110
VERDICT_COUNTS = {
    Verdict.SUPPORTED: lambda count: translate_count("{count} is supported", "{count} are supported", count),
    Verdict.REFUTED: lambda count: translate_count("{count} is refuted", "{count} are refuted", count),
    Verdict.INSUFFICIENT: lambda count: translate_count("{count} lacks evidence", "{count} lack evidence", count),
    Verdict.NOT_DECIDABLE: lambda count: translate_count(
        "{count} cannot be decided as stated", "{count} cannot be decided as stated", count
    ),
}


@dataclass(frozen=True)
class Answer:
    """What a page answers.

    advice: the answer in one sentence. because: the numbers that it rests on. not_shown: what the tests leave open, and what
    would decide it. next_words, command: what the next command does, and the command; empty if there is none. language: that
    of all these texts.
    """

    advice: str
    because: str = ""
    not_shown: str = ""
    next_words: str = ""
    command: str = ""
    language: Language = field(default_factory=spoken)

    @property
    def lines(self) -> list[str]:
        """The answer as lines of plain text."""
        with speaking(self.language):
            open_text = [translate("Not shown: {what}", what=self.not_shown)] if self.not_shown else []
            command = [f"{self.next_words}: {self.command}"] if self.command else []
            return [join_sentences(self.advice, self.because), *open_text, *command]


def answer_of(tests: PageTests, judged: Sequence[Judgment] = ()) -> Answer:
    """Return the answer of a page. judged: the claims of an experiment, which then is what the page is about."""
    if judged:
        return _about_claims(judged)
    choices = [setting_answer(standings) for standings in tests.standings]
    if not choices:
        return Answer(translate("There is no run to compare."))
    if len(choices) == 1:
        [one] = choices
        return Answer(one.advice, one.because, one.not_shown, one.next_words, one.command)
    return _about_settings(tests, choices)


def _about_claims(judged: Sequence[Judgment]) -> Answer:
    found = {verdict: ones for verdict in VERDICT_COUNTS if (ones := [one for one in judged if one.verdict is verdict])}
    counts = list_names(VERDICT_COUNTS[verdict](len(ones)) for verdict, ones in found.items())
    texts = {verdict: _claims_text(ones) for verdict, ones in found.items()}
    because = []
    if Verdict.SUPPORTED in found and (len(judged) <= MAX_NAMED_CLAIMS or Verdict.REFUTED not in found):
        because.append(translate("Supported: {claims}.", claims=texts[Verdict.SUPPORTED]))
    if Verdict.REFUTED in found:
        because.append(translate("Refuted: {claims}.", claims=texts[Verdict.REFUTED]))
    is_open = [texts[verdict] for verdict in (Verdict.INSUFFICIENT, Verdict.NOT_DECIDABLE) if verdict in texts]
    advice = translate("Of {claims}, {verdicts}.", claims=count_of(len(judged), "claim"), verdicts=counts)
    return Answer(advice, join_sentences(*because), with_full_stop(join_notes(*is_open)))


def _claims_text(claims: Sequence[Judgment]) -> str:
    named = [translate("“{claim}”", claim=_cut(one.claim.sentence)) for one in claims[:MAX_NAMED_CLAIMS]]
    return and_more(translate_list(named), len(claims) - len(named))


def _about_settings(tests: PageTests, choices: Sequence[SettingAnswer]) -> Answer:
    """Return the answer of a sweep with several settings, each of which has an answer of its own."""
    settings = [one.comparison.setting for one in tests.standings]
    used: dict[str, list[str]] = {}
    for setting, one in zip(settings, choices, strict=True):
        if one.is_shown:
            used.setdefault(one.variant, []).append(setting)
    influences = join_sentences(*(_influence_text(*axis) for axis in tests.axes[:1] if not axis[1].reason))
    if not used:
        return _about_open_settings(tests.standings, choices, influences)
    (most, where), *others = sorted(used.items(), key=lambda item: -len(item[1]))
    if len(where) == len(choices):
        return Answer(_about_one_everywhere(most, choices), influences)
    parts = [at_place(name, _settings_text(found)) for name, found in [(most, where), *others][:MAX_NAMED_CLAIMS]]
    if rest := others[MAX_NAMED_CLAIMS - 1 :]:
        parts.append(_in_more_settings([name for name, _ in rest], sum(len(found) for _, found in rest)))
    if others:
        advice = translate("It depends: use {choices}.", choices=join_and(parts))
    else:
        advice = translate("Use {name}.", name=parts[0])
    left = len(choices) - sum(map(len, used.values()))
    not_shown = translate_count(
        "which optimizer is best in the other {count} setting.", "which optimizer is best in the other {count} settings.", left
    )
    return Answer(advice, influences, not_shown if left else "")


def _about_one_everywhere(variant: str, choices: Sequence[SettingAnswer]) -> str:
    """Return the advice if one optimizer is shown to be the best in every setting."""
    named, *others = {one.at_lr for one in choices}
    if others:
        return translate(
            "Use {name}, each time at its own best lr: it is the fastest in each of the {count} settings.",
            name=variant,
            count=len(choices),
        )
    return translate("Use {name}: it is the fastest in each of the {count} settings.", name=named, count=len(choices))


def _in_more_settings(names: Sequence[str], count: int) -> str:
    listed = and_more(translate(" or ").join(names[:MAX_NAMED_CLAIMS]), len(names) - MAX_NAMED_CLAIMS)
    return translate_count("{names} in {count} more setting", "{names} in {count} more settings", count, names=listed)


def _about_open_settings(every: Sequence[Standings], choices: Sequence[SettingAnswer], influences: str) -> Answer:
    names = {variant for one in every for variant in one.variants}
    if len(names) == 1:
        advice = translate("Only {name} ran, in {count} settings.", name=next(iter(names)), count=len(every))
        return Answer(advice, influences)
    counts = Counter(one.variant for one in choices if one.variant)
    if not counts:
        return _about_nothing(choices)
    [(first, number), *_] = counts.most_common()
    if number < len(choices):
        advice = translate(
            "No optimizer is shown to be best in any of the {count} settings; {name} is ahead in {part} of them.",
            count=len(choices),
            name=first,
            part=number,
        )
    else:
        advice = translate(
            "No optimizer is shown to be best in any of the {count} settings; {name} is ahead in each of them.",
            count=len(choices),
            name=first,
        )
    place = next((number for number, one in enumerate(choices) if one.command), 0)
    following, setting = choices[place], every[place].comparison.setting
    why = translate("{clause}, at {setting}.", clause=following.why, setting=setting) if following.why else ""
    return Answer(advice, influences, why, following.next_words, following.command)


def _about_nothing(choices: Sequence[SettingAnswer]) -> Answer:
    """Return the answer if no run of any setting has a value: that of the first setting, said of all."""
    everywhere = translate("So it is in all {count} settings.", count=len(choices))
    return Answer(choices[0].advice, everywhere, choices[0].not_shown)


def _influence_text(one: AxisRuns, tested: AxisTests) -> str:
    sentence = about_axis(one, tested).sentence
    return translate("Influence of {key}: {text}", key=one.axis.name, text=f"{sentence[:1].lower()}{sentence[1:]}")


def _settings_text(settings: Sequence[str]) -> str:
    return and_more(list_names(settings[:MAX_NAMED_CLAIMS]), len(settings) - MAX_NAMED_CLAIMS)


def _cut(sentence: str) -> str:
    text = sentence.rstrip(".")
    return text if len(text) <= CLAIM_LETTERS else f"{text[:CLAIM_LETTERS].rpartition(' ')[0]} …"
