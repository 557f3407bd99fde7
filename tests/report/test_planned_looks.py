"""The page of a sweep whose seeds were added by a plan: the looks answer on speed, and nothing else is tested."""

import re

import pandas as pd

from zdl_bench.store.store import Store

NOISY = (
    "problem=quadratic", "problem.dimension=8", "problem.gradient_noise=0.3", "steps=60", "executor=serial",
    "until=decided", "max_seeds=12", "formats=[png]",
)  # fmt: skip


def findings_of(command, *words: str) -> dict[str, str]:
    outcome = command("-m", *NOISY, *words)
    assert outcome.status == 0, outcome.err
    folder = Store("results").sweep_folder(Store("results").latest_manifest().name)
    sections = re.split(r"^## ", (folder / "tables" / "findings.md").read_text(), flags=re.MULTILINE)[1:]
    return {text.partition("\n")[0]: text for text in sections}


def test_the_looks_answer_the_first_question_and_the_others_are_not_tested(command):
    findings = findings_of(command, "optimizer=sgd,momentum,adam", "lr=0.05")
    speed = findings["Fastest (mean ln loss over the run): adam"]
    assert "adam is faster than each other one. Of 3 pairs: 3 decided." in speed
    assert re.search(r"adam faster than sgd \(p 0\.0\d+\); adam / sgd: ratio 0\.\d+ \\\[0\.\d+, ", speed)
    trained = len(Store("results").latest_manifest().run_ids)
    assert f"- {trained} of at most 36 runs; all looks together err in at most 5 % of cases" in speed
    assert [heading for heading in findings if "not tested" in heading][:2] == [
        "First to the targets: not tested",
        "Lowest loss at the end: not tested",
    ]
    manifest = Store("results").latest_manifest()
    numbers = pd.read_csv(Store("results").sweep_folder(manifest.name) / "tables" / "findings.csv")
    speed_rows = numbers[numbers["finding"].str.startswith("Fastest")]
    assert (speed_rows["effect"] < 1).all(), "the faster one stands first"
    assert (speed_rows["reason"] == "decided").all()


def test_equal_optimizers_are_undecided(command):
    """One rule under two names of hyper-parameters that change nothing: momentum with β = 0 is SGD."""
    findings = findings_of(command, "optimizer=momentum", "optimizer.momentum=0.0,1e-9", "lr=0.05", "margin=1.05")
    heading = next(heading for heading in findings if heading.startswith("Fastest"))
    assert heading == "Fastest (mean ln loss over the run): undecided"
    assert "No optimizer is shown to be faster than each other one. Of 1 pair: 1 same." in findings[heading]
