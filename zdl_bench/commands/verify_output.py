"""What `verify` prints: a line per run, what the differences change, and the totals."""

from collections.abc import Iterable, Sequence

from zdl_bench.commands.comparison import NOT_COMPARED, Agreement, Verification
from zdl_bench.commands.terminal import console_for
from zdl_bench.errors import printable
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.config import ENGINE_VERSION
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
            step = f" from step {one.first_difference}" if one.first_difference is not None else ""
            note = f" ({explanation})" if explanation else ""
            line = f"{one.run_id}  {one.words or 'a run'}: {one.agreement.value}{step}{note}"
            console.print(printable(line), soft_wrap=True, markup=False)
    return results


def print_totals(results: Sequence[Verification]) -> None:
    counts = {agreement: sum(one.agreement is agreement for one in results) for agreement in Agreement}
    trained = sum(counts[agreement] for agreement in (Agreement.SAME_BITS, Agreement.DIFFERENT, Agreement.NO_RESULT))
    words = ", ".join(f"{count} {agreement.value}" for agreement, count in counts.items() if count)
    console = console_for()
    console.print(f"verified {trained} run{'s' if trained != 1 else ''}: {words}", soft_wrap=True)
    console.print(f"not compared: {', '.join(sorted(NOT_COMPARED))}", soft_wrap=True)


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
    what = "these findings and verdicts" if changes else "no finding and no verdict"
    return [f"with the fresh runs in place of the different ones, {what} would change", *(f"  {one}" for one in changes)]
