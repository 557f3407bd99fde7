"""Known vulnerabilities in the packages that zdl_bench runs, is tested and is released with.

    python tests/release/audit.py [--service pypi|osv]

Audits what is installed here: all that the project requires, with every extra but `peers` (programs that benchmarks compare it
with), and what those require, by name and version.
The project itself is no part of that list, as no service knows a checkout. Exit status: 0 nothing is known of any of them;
1 something is, or one of them could not be audited, or the service gave no answer. Needs the extra `lint`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "zdl-bench"
LAST_LINES = 5
NOT_RELEASED_WITH = ("peers",)


class AuditError(Exception):
    """The audit could not be made."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        pins = installed_requirements(PROJECT)
        findings = findings_of(pip_audit(pins, options), pins)
    except AuditError as error:
        findings = [str(error)]
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"audit FAILED: {len(findings)} to settle" if findings else f"audit: nothing is known of {len(pins)} packages")
    return 1 if findings else 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="known vulnerabilities in all dependencies; fails where one was skipped")
    parser.add_argument("--service", choices=("pypi", "osv"), default="pypi", help="who is asked; default: pypi")
    parser.add_argument("--osv-url", help="another address of the service osv")
    return parser.parse_args(arguments)


def installed_requirements(project: str) -> dict[str, str]:
    """Name → installed version of all that a project requires, with all of its extras, and so on; without the project.

    Raises AuditError where one is not installed: it would not be audited.
    """
    pins: dict[str, str] = {}
    missing: list[str] = []
    seen: set[tuple[str, str]] = set()
    waiting = [(project, extra) for extra in ("", *_distribution_extras(project))]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        pins[name] = found.version
        waiting += _required(found.requires or [], extra)
    if missing:
        raise AuditError(f"not installed, so not audited: {', '.join(sorted(set(missing)))}; install every extra of {project}")
    pins.pop(project)
    return dict(sorted(pins.items()))


def _distribution_extras(project: str) -> list[str]:
    try:
        extras = distribution(project).metadata.get_all("Provides-Extra") or []
        return [extra for extra in extras if extra not in NOT_RELEASED_WITH]
    except PackageNotFoundError as error:
        raise AuditError(f"{project} is not installed here; install it with every extra") from error


def _required(requirements: Sequence[str], extra: str) -> list[tuple[str, str]]:
    """Names that apply here, each with its extras and without one."""
    environment: dict[str, str] = {**default_environment(), "extra": extra}
    parsed = [Requirement(text) for text in requirements]
    applying = [one for one in parsed if one.marker is None or one.marker.evaluate(environment)]
    return [(canonicalize_name(one.name), asked) for one in applying for asked in ("", *sorted(one.extras))]


def pip_audit(pins: Mapping[str, str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What pip-audit says of each package. Raises AuditError where it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--vulnerability-service", options.service]
        command += ["--osv-url", options.osv_url] if options.osv_url else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        reason = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-LAST_LINES:])
        raise AuditError(
            f"pip-audit gave no answer (exit {done.returncode}). Either it is not installed (extra `lint`), or the service "
            f"{options.service} cannot be reached from here; nothing was audited:\n{reason}"
        ) from error
    return dependencies


def findings_of(dependencies: Sequence[Mapping[str, Any]], pins: Mapping[str, str]) -> list[str]:
    """A line for everything that keeps an audit from being clean."""
    audited = {canonicalize_name(one["name"]) for one in dependencies if "skip_reason" not in one}
    lines = [
        f"VULNERABLE: {one['name']} {one['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version'}"
        for one in dependencies
        for flaw in one.get("vulns", [])
    ]
    lines += [f"SKIPPED: {one['name']}: {one['skip_reason']}" for one in dependencies if "skip_reason" in one]
    mentioned = {canonicalize_name(one["name"]) for one in dependencies}
    lines += [
        f"SKIPPED: {name} {version}: pip-audit says nothing of it" for name, version in pins.items() if name not in mentioned
    ]
    if not audited:
        lines.append("not one package was audited: the service knows none of them, or does not answer from here")
    return lines


if __name__ == "__main__":
    sys.exit(main())
