"""What `verify` prints: a line per run, what the differences change, and the totals."""

from collections.abc import Iterable, Sequence

from zdl_bench.commands.comparison import Agreement, Verification
from zdl_bench.commands.first_difference import NOT_COMPARED
from zdl_bench.commands.terminal import console_for
from zdl_bench.errors import printable
from zdl_bench.interrupts import signals_deferred
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.counts import count_in_state, count_of
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def print_each(verified: Iterable[Verification]) -> list[Verification]:
    """Print a line per run as soon as it is compared. Return all verifications."""
    console, errors = console_for(), console_for(to_stderr=True)
    results = []
    for one in verified:
        results.append(one)
        explanation = one.explanation.replace("\n", " ")
        if one.agreement is Agreement.UNSOUND:
            errors.print(printable(f"error: {explanation}"), soft_wrap=True, markup=False)
        else:
            note = f" ({explanation})" if explanation else ""
            words = one.words or translate("a run")
            line = f"{one.run_id}  {words}: {_agreement_text(one)}{note}"
            console.print(printable(line), soft_wrap=True, markup=False)
    return results


def _agreement_text(one: Verification) -> str:
    agreement, step = translate(one.agreement.value), one.first_difference
    return agreement if step is None else translate("{agreement} from step {step}", agreement=agreement, step=step)


def print_totals(results: Sequence[Verification]) -> None:
    counts = {agreement: sum(one.agreement is agreement for one in results) for agreement in Agreement}
    trained = sum(counts[agreement] for agreement in (Agreement.SAME_BITS, Agreement.DIFFERENT, Agreement.NO_RESULT))
    words = translate_list(count_in_state(count, agreement.value) for agreement, count in counts.items() if count)
    console = console_for()
    console.print(translate("verified {runs}: {counts}", runs=count_of(trained, "run"), counts=words), soft_wrap=True)
    console.print(translate("not compared: {names}", names=translate_list(sorted(NOT_COMPARED))), soft_wrap=True)


def exit_status(results: Sequence[Verification]) -> int:
    """Return 2 if a file is unsound, 1 if a run differs or has no result here, 2 if no run could be compared, otherwise 0."""
    found = {one.agreement for one in results}
    if Agreement.UNSOUND in found:
        return 2
    if found & {Agreement.DIFFERENT, Agreement.NO_RESULT}:
        return 1
    return 0 if Agreement.SAME_BITS in found else 2


def conclusion_lines(store: Store, manifest: Manifest, results: Sequence[Verification]) -> list[str]:
    """Return which findings and verdicts of a sweep would change if the fresh runs replaced the runs that they differ from."""
    fresh = {one.run_id: one.fresh for one in results if one.fresh}
    if not fresh:
        return []
    with signals_deferred():  # imports take a second or two
        from zdl_bench.report.conclusions import changed_conclusions

    runs = [run for run, _ in store.read_all(manifest.run_ids).of_engine(ENGINE_VERSION).runs]
    changes = changed_conclusions(manifest, runs, fresh)
    some = translatable("with the fresh runs in place of the different ones, these findings and verdicts would change")
    none = translatable("with the fresh runs in place of the different ones, no finding and no verdict would change")
    return [translate(some if changes else none), *(f"  {one}" for one in changes)]
