"""What a release compares on other machines: bounds are read from pyproject.toml, and nothing that failed passes."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

sys.path.append(str(Path(__file__).parent / "release"))

import portability


def test_the_lowest_version_is_the_bound():
    assert portability.lowest(Requirement("numba>=0.61,<1")) == "numba==0.61"


def test_every_package_that_training_needs_is_required_with_a_lowest_version():
    assert all(portability.lowest(portability.requirement(name)) for name in portability.TRAINING)


def test_the_pythons_are_those_that_the_project_allows():
    assert portability.supported_pythons()[0] == "3.11"
    assert f"3.{sys.version_info.minor}" in portability.supported_pythons()


def test_a_python_that_is_not_here_is_not_shown():
    with pytest.raises(portability.NotShownError, match=r"python3\.99 .* install one"):
        portability.find_python("3.99")


def test_this_python_is_found_outside_of_the_virtual_environment(monkeypatch):
    own = Path(sys.executable).resolve()
    monkeypatch.setenv("PATH", str(own.parent))
    assert portability.find_python(f"3.{sys.version_info.minor}").resolve() == own


def test_an_interpreter_that_fails_counts_and_ends_with_exit_status_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(portability, "PARTS", {"broken": lambda comparisons: comparisons.compare("broken", ["false"], {})})
    assert portability.main(["broken"]) == 1
    assert "broken: exit status 1" in capsys.readouterr().out


def test_a_step_that_fails_ends_with_exit_status_1_and_its_message(capsys, monkeypatch):
    command = (sys.executable, "-c", "raise SystemExit('no such wheel')")
    monkeypatch.setattr(portability, "PARTS", {"broken": lambda comparisons: portability.call(*command)})
    assert portability.main(["broken"]) == 1
    assert "no such wheel" in capsys.readouterr().out


def test_what_this_machine_cannot_show_is_listed_and_no_failure(capsys, monkeypatch):
    monkeypatch.setattr(portability.platform, "machine", lambda: "riscv64")
    assert portability.main(["aarch64"]) == 0
    assert "0 the same, 0 FAILED, 1 not shown here" in capsys.readouterr().out
