"""How far a sweep has got: counted once, shown by a terminal and by a notebook."""

from types import SimpleNamespace

import pytest

from zdl_bench.api.notebook_voice import CountingLine
from zdl_bench.api.progress import Progress
from zdl_bench.commands.terminal import BarDisplay, LineDisplay
from zdl_bench.run.run import Status

ENDS = [Status.COMPLETED, Status.DIVERGED, Status.FAILED, Status.TIMED_OUT]


def test_runs_are_counted_by_how_they_end():
    progress = Progress(planned=10, stored=3)
    assert (progress.made, progress.done, progress.pace) == (0, 3, [])
    for status in ENDS:
        progress.count(SimpleNamespace(status=status))
    assert (progress.made, progress.done, progress.failed, progress.diverged) == (4, 7, 2, 1)


def test_the_time_left_follows_from_the_runs_that_were_made():
    progress = Progress(planned=10, stored=3)
    for _ in range(4):
        progress.count(SimpleNamespace(status=Status.COMPLETED))
    progress._start = progress._last - 60
    assert progress.pace == ["4 runs/min", "45 s left"]


@pytest.mark.parametrize(
    ("display", "words"),
    [
        (CountingLine, "7/10 runs, 2 failed"),
        (LineDisplay, "7/10 runs: 2 failed, 1 diverged, 3 from the store"),
        (BarDisplay, "7/10 2 failed, 1 diverged, 3 from the store"),
    ],
)
def test_every_display_shows_the_same_counts(display, words, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("zdl_bench.api.notebook_voice.INTERVAL_SECONDS", 0.0)
    with display(10, 3) as shown:
        for status in ENDS:
            shown.finished(SimpleNamespace(status=status))
    captured = capsys.readouterr()
    assert words in captured.out + captured.err
    assert "left" in captured.out + captured.err
