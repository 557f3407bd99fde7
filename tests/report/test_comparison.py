"""What is changed in a stored run, with a right checksum, is named when the run is made again; or it is said to be left out."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from conftest import digits_config, quadratic_config

from zdl_bench.commands.comparison import NOT_COMPARED, Agreement, compare_runs, find_differences
from zdl_bench.errors import StoreError
from zdl_bench.store.encoding import CHECKSUM, _checksum, encode
from zdl_bench.store.run_file import file_of
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

CONFIGS = {
    "network": lambda: digits_config("adam", steps=8, probe_count=4),
    "diverged": lambda: digits_config(lr=1e30, steps=8, probe_count=4),
    "profile": lambda: digits_config(steps=24, probe_count=4),
    "points": lambda: quadratic_config("momentum", steps=6, dtype="float32"),
}


@pytest.fixture(scope="module", params=CONFIGS)
def run(request, digits):
    return train(CONFIGS[request.param]())


def texts_of(table):
    return {key.decode(): json.loads(text) for key, text in table.schema.metadata.items() if key != CHECKSUM}


def places(value, path=()):
    """The paths to everything in nested JSON that is neither a mapping nor a list of rows."""
    if isinstance(value, dict) and value:
        return [place for key, item in value.items() for place in places(item, (*path, key))]
    return [path]


def changes_of(value):
    """Other values for a place of a file: as near as can be, far away, beyond all numbers, of another kind, gone."""
    if isinstance(value, list):
        last = [[*value[:-1], change] for change in changes_of(value[-1])] if value else [[1.0]]
        return [*last, value[:-1], [*value, *value[-1:]], None]
    if isinstance(value, float):
        return [math.nextafter(value, 2 * value + 1), value * 2 + 1, -value - 1, math.nan, math.inf, None]
    others = {
        bool: lambda: [not value],
        int: lambda: [value + 1, value - 1, 10**300],
        str: lambda: [value + "x", value + "\0", "", None],
        dict: lambda: [{"test_accuracy": 0.5}, {"x": "y"}],
    }
    return others.get(type(value), lambda: [0.5, 1, "x"])()


def set_in(texts, path, value):
    changed = json.loads(json.dumps(texts))
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return changed


def forge(store, run, texts, table):
    """Writes a run's file with other content, and the checksum that goes with it."""
    metadata = {key.encode(): json.dumps(text, sort_keys=True).encode() for key, text in texts.items()}
    path = store.run_path(run.run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_of(table.replace_schema_metadata(metadata | {CHECKSUM: _checksum(table, metadata)})))


def found_in(store, run):
    """What verify says of the stored run: the fields that differ, or why it cannot be read."""
    try:
        stored = store.read(run.run_id)
    except StoreError as error:
        return str(error)
    one = compare_runs(stored, run)
    assert (one.agreement is Agreement.SAME_BITS) == ("differing: " not in one.explanation)
    return one.explanation.partition("differing: ")[2].partition(";")[0]


def forgeries(run):
    """(field, old value, new value, texts, table) of every change to every place of a run's file."""
    table = encode(run)
    texts = texts_of(table)
    for path in places(texts):
        value = texts
        for key in path:
            value = value[key]
        for change in changes_of(value):
            yield ".".join(path).removeprefix("curve."), value, change, set_in(texts, path, change), table
    for number, name in enumerate(table.column_names):
        values = table[name].to_numpy()
        for position in {0, len(values) - 1}:
            changed = values.copy()
            for change in changes_of(values[position].item()):
                if isinstance(change, float) or abs(change or 2**63) < 2**63:
                    changed[position] = change
                    yield name, values, changed, texts, table.set_column(number, name, pa.array(changed))


def floats(value):
    """An array of floats, None standing for NaN; None for another value."""
    try:
        return None if value is None or isinstance(value, str | dict) else np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def are_same(before, after):
    """By other means than the program's."""
    ours, theirs = floats(before), floats(after)
    if ours is None or theirs is None:
        return before is after
    return ours.shape == theirs.shape and np.array_equal(theirs, ours, equal_nan=True)


def is_left_out(field):
    return field in NOT_COMPARED or field.partition(".")[0] in NOT_COMPARED


def is_named(field, found):
    return field in found or "is damaged" in found


@pytest.mark.slow
def test_every_change_to_a_file_is_named(run, tmp_path):
    """Not a bit is taken for another; what is left out is left out by name."""
    store = Store(tmp_path)
    named = set()
    for field, before, after, texts, table in forgeries(run):
        forge(store, run, texts, table)
        found = found_in(store, run)
        if is_left_out(field):
            assert found == "" or "is damaged" in found
        elif not are_same(before, after):
            assert is_named(field, found), (field, after, found)
            named.add(field)
    assert {"status", "digest", "failure", "engine", "run_id", "train_loss", "lr", "step"} <= named
    assert {f"probes.{name}" for name, _ in run.curve.probes.items()} - {"probes.train_seconds"} <= named
    assert {f"end.{name}" for name in run.end} | {"planned_steps", "trivial_loss"} <= named
    assert run.curve.points is None or {"points", "minimum"} <= named
    assert run.curve.profile is None or {"profile.step", "profile.probe_loss"} <= named


def test_a_forged_environment_hides_no_difference(run, tmp_path):
    """It decides nothing of what is compared."""
    store = Store(tmp_path)
    forge(store, run, texts_of(encode(run)) | {"environment": {"numpy": "another"}, "digest": "0" * 64}, encode(run))
    assert found_in(store, run) == "digest"


@pytest.mark.parametrize("other", [-math.inf, math.inf, math.nan, None])
def test_what_is_not_finite_agrees_with_itself_alone(other):
    for value in (-math.inf, math.inf, math.nan, None, 1.0, -1e308):
        same = repr(value) == repr(other)
        assert find_differences({"x": value}, {"x": other}) == find_differences({"x": other}, {"x": value})
        assert find_differences({"x": value}, {"x": other}) == ([] if same else ["x"]), value
        are_nan = all(one is None or math.isnan(one) for one in (value, other))
        arrays = [{"x": np.array([1, one], float)} for one in (value, other)]
        assert find_differences(*arrays) == ([] if same or are_nan else ["x"])
