"""Manifests of every wrong shape, with files beside the store that they may point at."""

import hashlib
import json
from typing import Any

from hypothesis import strategies as st

from fuzzing.case import LOAD_RESULTS, Case
from fuzzing.claims import claims
from fuzzing.experiments import SOUND
from fuzzing.parquet_files import SWEEP_AGAIN, sound_file
from fuzzing.stored import manifest_of, manifest_place, run_place, sound_runs
from fuzzing.structures import changed, deep_texts, structures
from zdl_bench.registry.sources import hash_of_sources

RUN_IDS = [run.run_id for run in sound_runs()[:3]]
PATHS = (
    "../../x",
    "../../../bystander/x.txt",
    "/etc/passwd",
    "figures/../../../x",
    "tables",
    "",
    ".",
    "report.html",
    "sweep.json",
)
summaries = st.builds(
    lambda *values: list(values),
    st.just("0" * 64) | structures,
    st.sampled_from(["0" * 64, *(hashlib.sha256(sound_file(number)).hexdigest() for number in range(3))]) | structures,
    st.sampled_from(["completed", "diverged", "failed", "odd"]) | structures,
    st.booleans() | structures,
    *[st.none() | st.floats() | structures] * 3,
)
"""Of the bytes of the runs' files or of others, sound or not."""
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["mine", "../../x", "", 3, None]),
    "title": st.sampled_from(["", "<script>", "[/]", "x" * 10_000, "$x", "\0", "\ud800"]),
    "command": st.sampled_from(["", "[/]", "rm -rf /", "\x1b[31m", "\n" * 100]),
    "overrides": st.sampled_from([[], None, "x", [1], {}, ["a"] * 1000]),
    "run_ids": st.sampled_from(
        [
            [],
            RUN_IDS * 1000,
            [*RUN_IDS, "../../x"],
            ["0" * 16],
            [None],
            [1],
            "0" * 16,
            {RUN_IDS[0]: 1},
            [RUN_IDS],
            [RUN_IDS[0].upper()],
        ]
    ),
    "started": st.sampled_from(
        ["", "yesterday", None, 1, "2026-01-01", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00-23:59", "2026-W01-1"]
    ),
    "finished": st.sampled_from(["", "soon", None, 1, "2026-01-01", "1900-01-01T00:00:00", {}]),
    "experiment": st.sampled_from(
        [
            {},
            [],
            "day64",
            {"claims": 3},
            {"blocks": []},
            {"tuning_seeds": [0], "tune": ["x"]},
            {"evaluation_seeds": "range(0,9999999999)"},
        ]
    )
    | changed(structures, SOUND)
    | claims().map(lambda claim: SOUND | {"claims": [claim]}),
    "tuning_seeds": st.sampled_from([[0], [0, 0], [-1], [2**70], [True], [1.5], ["0"], None, "range(0,9)", [0] * 99_000, {}]),
    "tune": st.sampled_from([["lr"], ["optimizer.beta1"], ["steps"], [1], [None], None, "lr", ["optimizer.x"] * 9_000, {}]),
    "report": st.fixed_dictionaries(
        {"inputs": structures, "files": st.lists(st.sampled_from(PATHS), max_size=3) | structures, "formats": structures}
    )
    | structures,
    "summaries": st.fixed_dictionaries(
        {"code": st.just(hash_of_sources("*.py")) | structures, "runs": st.dictionaries(st.sampled_from(RUN_IDS), summaries)}
    )
    | structures,
    "looks": st.sampled_from([[6, 8], [8, 6], [0], [-1], [10**30], [6] * 2, [*range(1, 2000)], ["6"], 6, None]) | structures,
}
sound = manifest_of(RUN_IDS)
DEEP = deep_texts(40, 60, 300, 900, 1000, 3000, 100_000)


@st.composite
def partly_sound(draw: st.DrawFn) -> dict[str, Any]:
    content = dict(sound)
    for key in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2)):
        content[key] = draw(VALUES[key])
    return content


contents = st.one_of(
    partly_sound().map(lambda content: json.dumps(content).encode()),
    partly_sound().map(lambda content: json.dumps(content).encode()),
    changed(structures, sound).map(lambda content: json.dumps(content).encode()),
    structures.map(lambda content: json.dumps(content).encode()),
    DEEP.map(str.encode),
    DEEP.map(lambda deep: json.dumps(sound).replace('"experiment": null', f'"experiment": {{"a": {deep}}}').encode()),
    st.binary(max_size=50),
    st.just(b'{"run_ids": [' + b'"0000000000000000",' * 200_000 + b'""]}'),
    st.just(b"[" + b"[]," * 20_000_000 + b"[]]"),
    st.just(b'{"summaries": {"runs": [' + b"[]," * 20_000_000 + b"[]]}}"),
    st.sampled_from(["title", "command"]).map(
        lambda key: json.dumps(manifest_of(RUN_IDS) | {key: "x y " * 15_000_000}).encode()
    ),
)
BESIDE = {
    "tables/verdicts.txt": st.sampled_from([b"x y\n" * 12_500_000, b"\x1b[31m", b"\xff", b""]),
}
"""What else is read from a sweep's folder."""
COMMANDS: tuple[tuple[str, ...], ...] = (("ls",), (LOAD_RESULTS, "mine"), ("report", "other"), ("verify", "other"), SWEEP_AGAIN)
SLOW: tuple[tuple[str, ...], ...] = (("report",), ("report", "mine"), ("verify", "mine", "--runs", "1"))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    files = {run_place(run_id): sound_file(number) for number, run_id in enumerate(RUN_IDS)}
    files[manifest_place()] = draw(contents)
    if draw(st.integers(0, 3)) == 0:
        files[manifest_place("other")] = draw(contents)
    if draw(st.integers(0, 5)) == 0:
        path = draw(st.sampled_from(sorted(BESIDE)))
        report = {"inputs": "", "files": ["tables/verdicts.txt"], "formats": ["png"]}
        files[manifest_place()] = json.dumps(manifest_of(RUN_IDS, report=report)).encode()
        files[f"work/results/sweeps/mine/{path}"] = draw(BESIDE[path])
    commands = [draw(st.sampled_from(COMMANDS)), *([draw(st.sampled_from(SLOW))] if draw(st.integers(0, 11)) == 0 else [])]
    sparse = {manifest_place("large"): 50_000_000_000} if draw(st.integers(0, 30)) == 0 else {}
    return Case(tuple(commands), files, sparse)
