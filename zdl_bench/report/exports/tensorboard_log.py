"""Runs as event files of TensorBoard, one folder per run: scalars by step, and the config as hyper-parameters."""

import re
from collections.abc import Iterable
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from zdl_bench.report.exports.scalars import scalars_of, words_of_run
from zdl_bench.run.conditions import short
from zdl_bench.run.run import Run


def write_tensorboard(runs: Iterable[Run], folder: Path, sweep: str) -> list[Path]:
    """Write a log for `tensorboard --logdir FOLDER`. TensorBoard keeps scalars in single precision."""
    for run in runs:
        _write_events(run, folder / sweep / _folder_name(run))
    return [folder / sweep]


def _folder_name(run: Run) -> str:
    """Return optimizer, lr, seed and id of a run as a name of letters and digits."""
    words = re.sub(r"[^\w=.-]+", "_", words_of_run(run), flags=re.ASCII).lstrip(".-")[:100]
    return f"{words}_{run.run_id}"


def _write_events(run: Run, folder: Path) -> None:
    for old in folder.glob("events.out.tfevents.*"):  # of an earlier export
        old.unlink()
    writer = EventFileWriter(str(folder))
    flat = run.config.flat().items()
    values = {key: value if isinstance(value, bool | int | float | str) else short(value) for key, value in flat}
    writer.add_event(Event(wall_time=0, summary=hparams_pb(values)))
    for name, step, value, seconds in scalars_of(run):
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
        writer.add_event(Event(wall_time=seconds, step=step, summary=summary))
    writer.close()
