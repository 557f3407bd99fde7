"""The environment of a run: what cannot be found out is empty."""

import pytest

from zdl_bench.run import environment


@pytest.mark.parametrize(("status", "commit"), [(0, "0123456789ab+"), (128, "")], ids=["git answers", "git fails halfway"])
def test_the_commit_is_empty_if_git_fails(tmp_path, monkeypatch, status, commit):
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\necho 0123456789ab+\nexit {status}\n")
    git.chmod(0o755)
    module = tmp_path / "zdl_bench/run/environment.py"
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(environment, "__file__", str(module))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment._commit() == commit
