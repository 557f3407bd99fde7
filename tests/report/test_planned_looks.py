"""The page of a sweep whose seeds were added by a plan: the looks answer on speed, and nothing else is tested."""

import re

import pandas as pd
import pytest

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


@pytest.mark.slow
def test_the_looks_answer_the_first_question_and_the_others_are_not_tested(command):
    findings = findings_of(command, "optimizer=sgd,momentum,adam", "lr=0.05")
    speed = findings["Fastest (mean ln loss over the run): Adam"]
    assert "Adam is faster than each other one. Of 3 pairs: 3 decided." in speed
    assert re.search(r"Adam faster than SGD \(p 0\.0\d+\); Adam / SGD: ratio 0\.\d+ \\\[0\.\d+, ", speed)
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


@pytest.mark.slow
def test_equal_optimizers_are_undecided(command):
    """One rule under two names of hyper-parameters that change nothing: momentum with β = 0 is SGD."""
    findings = findings_of(command, "optimizer=momentum", "optimizer.momentum=0.0,1e-9", "lr=0.05", "margin=1.05")
    heading = next(heading for heading in findings if heading.startswith("Fastest"))
    assert heading == "Fastest (mean ln loss over the run): undecided"
    assert "No optimizer is shown to be faster than each other one. Of 1 pair: 1 same." in findings[heading]


@pytest.mark.slow
def test_the_table_and_the_interval_have_the_seeds_of_the_look_that_decided(command):
    """Momentum is faster than both others after the first look; those two go on."""
    noisy = [word.replace("dimension=8", "dimension=2") for word in NOISY]
    outcome = command("-m", *noisy, "problem.start_std=0.3", "optimizer=sgd,momentum,adam")
    assert outcome.status == 0, outcome.err
    folder = Store("results").sweep_folder(Store("results").latest_manifest().name)
    table = pd.read_csv(folder / "tables" / "comparisons.csv")
    speed = table[table["question"] == "speed"].set_index(["first", "second"])
    assert speed.loc[("momentum", "sgd"), ["n", "verdict"]].tolist() == [7, "supported"]
    assert speed.loc[("adam", "sgd"), ["n", "verdict", "reason"]].tolist() == [12, "insufficient evidence", "out of seeds"]
    findings = pd.read_csv(folder / "tables" / "findings.csv")
    row = findings[(findings["first"] == "momentum") & (findings["second"] == "sgd") & (findings["metric"] == "log_aulc")].iloc[
        0
    ]
    assert row["n"] == 7
    assert row["p"] == speed.loc[("momentum", "sgd"), "p_family"] == 2**-6
    assert row["high"] < 1
    assert (table.loc[table["question"] != "speed", "verdict"] == "not decidable as stated").all()


@pytest.mark.slow
def test_runs_that_were_looked_at_before_the_plan_are_told(command):
    earlier = [word for word in NOISY if not word.startswith(("until", "max_seeds"))]
    assert command("-m", *earlier, "optimizer=sgd,adam", "lr=0.05", "seed=range(0,6)").status == 0
    assert command("-m", *NOISY, "optimizer=sgd,adam", "lr=0.05").status == 0
    manifest = Store("results").latest_manifest()
    assert manifest.looks == [6]
    page = (Store("results").sweep_folder(manifest.name) / "report.html").read_text()
    assert "Looked at with 6 seeds before, outside the plan of its looks" in page


@pytest.mark.slow
def test_a_sweep_with_planned_looks_is_verified(command):
    assert command("-m", *NOISY, "optimizer=sgd,adam", "lr=0.05", "report=false").status == 0
    outcome = command("verify", "--runs", "2")
    assert outcome.status == 0, outcome.err
