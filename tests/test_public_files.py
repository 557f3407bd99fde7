"""The files that a stranger finds first: they agree with the package, and a machine can read them."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from zdl_bench import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (__version__, "MIT")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_workflow_calls_the_script_on_every_python_that_the_package_supports():
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    [job] = workflow["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(int(low), int(high))]


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_the_forms_for_issues_have_what_they_need(path):
    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "body"} <= form.keys()
    ids = [part["id"] for part in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(part["attributes"]["label"] for part in form["body"])


def test_the_page_for_contributors_names_every_kind_of_part_and_folders_that_are_there():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [path for path in re.findall(r"`(tests/[\w/.]+)`", page) if not (ROOT / path).exists()] == []
    kinds = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert len(kinds) > 5
    assert {kind for kind in kinds if f"`conf/{kind}/NAME." not in page} == set()
    rows = re.findall(r"`zdl_bench/(\w+)/NAME\.py`.*`tests/(\w+)/`", page)
    assert [row for row in rows if row[0] != row[1]] == []


def test_the_changelog_has_a_section_for_this_version_or_what_is_not_released():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings or headings == ["Unreleased"]
