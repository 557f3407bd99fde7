"""The lines on a claim: its verdict names the view on which it rests, and an exact part says if it holds, fails or ties."""

import numpy as np
import pandas as pd
from claim_rows import FAST, SLOW, rows

from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.verdict import judge_family

STATED = {"id": 1, "sentence": "It is so.", "source": "here", "metric": "tail_loss"}


def lines_on(frames, **keys):
    return verdict_lines(judge_family(claims_of([STATED | keys]), ExperimentRuns(pd.concat(frames, ignore_index=True), ())))


def test_a_verdict_names_its_views():
    frames = [rows("momentum", FAST, lr=0.001), rows("sgd", SLOW, lr=0.001), rows("sgd", SLOW, lr=0.01)]
    sides = {"first": {"optimizer": "momentum"}, "second": {"optimizer": "sgd"}, "lr": 0.001}
    first, *_ = lines_on(frames, kind="superiority", view="same_lr", also=["same_effective_lr"], **sides)
    assert first == "claim 1: supported (same lr), p 0.002 in its family. It is so. (here)"
    parts = [{"kind": "superiority", "view": view} for view in ("same_lr", "same_effective_lr")]
    assert lines_on(frames, kind="all_of", parts=parts, **sides)[0].startswith(
        "claim 1: supported (same lr and same effective lr)"
    )
    named = {"first": {"optimizer": "momentum"}, "second": {"optimizer": "sgd", "lr": 0.01}}
    assert lines_on(frames, kind="superiority", **named)[0].startswith("claim 1: supported, p")


def test_an_exact_part_holds_fails_or_ties():
    losses = {"a": 0.2, "b": 0.3, "c": 0.2}
    frames = [rows(name, np.full(10, loss)).assign(digest=name) for name, loss in losses.items()]
    parts = [{"first": {"optimizer": first}, "second": {"optimizer": second}} for first, second in ("ab", "ac", "ba")]
    text = "\n".join(lines_on(frames, kind="all_of", parts=[{"kind": "exact"} | part for part in parts]))
    assert text.startswith("claim 1: refuted. ")
    assert [line.rpartition(": ")[2] for line in text.splitlines() if "exact: " in line][1:] == [
        "holds",
        "a tie",
        "does not hold",
    ]
