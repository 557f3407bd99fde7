"""The audit of dependencies passes only where each of them was asked about and nothing is known of any."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "release"))

import audit

PINS = {"numpy": "2.1.0", "rich": "13.7"}
CLEAN = [{"name": "numpy", "version": "2.1.0", "vulns": []}, {"name": "Rich", "version": "13.7", "vulns": []}]
FLAW = {"id": "PYSEC-1", "fix_versions": ["14.0"], "aliases": [], "description": ""}


def test_nothing_known_of_any_package_is_clean():
    assert audit.findings_of(CLEAN, PINS) == []


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"name": "rich", "version": "13.7", "vulns": [FLAW]}, ["VULNERABLE: rich 13.7: PYSEC-1, fixed in 14.0"]),
        ({"name": "rich", "skip_reason": "not found"}, ["SKIPPED: rich: not found"]),
        (None, ["SKIPPED: rich 13.7: pip-audit says nothing of it"]),
    ],
    ids=["vulnerable", "skipped", "not mentioned"],
)
def test_one_package_is_enough_to_fail(last, words):
    assert audit.findings_of([CLEAN[0], *([last] if last else [])], PINS) == words


def test_an_audit_of_nothing_is_none():
    assert "not one package was audited" in audit.findings_of([], {})[0]
    assert len(audit.findings_of([{"name": name, "skip_reason": "not found"} for name in PINS], PINS)) == 3


@pytest.fixture
def every_extra():
    for library in ("mlflow", "optax", "tensorboard", "torch"):
        pytest.importorskip(library, reason=f"an audit asks about every extra: pip install 'zdl_bench[{library}]'")


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.usefixtures("every_extra")
def test_everything_that_the_project_requires_is_asked_about():
    """With the extras, and what those require in turn; not the project, which no service knows."""
    pins = audit.installed_requirements(audit.PROJECT)
    assert {"numpy", "hydra-core", "omegaconf", "distributed", "pytest", "iniconfig"} <= pins.keys()
    assert audit.PROJECT not in pins


def test_what_is_not_installed_is_not_passed_over(monkeypatch):
    monkeypatch.setattr(audit, "_distribution_extras", lambda project: ["nonsense"])
    monkeypatch.setattr(audit, "_required", lambda requirements, extra: [("no-such-package", "")])
    with pytest.raises(audit.AuditError, match="not installed, so not audited: no-such-package"):
        audit.installed_requirements(audit.PROJECT)


@pytest.fixture
def service():
    """A vulnerability service of the protocol of OSV that knows a flaw of one package, where it is told of one."""

    class Handler(BaseHTTPRequestHandler):
        flawed = ""
        asked: set[str] = set()

        def do_POST(self):
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            self.asked.add(name)
            flaw = {"id": "PYSEC-1", "summary": "", "affected": [{"package": {"name": name, "ecosystem": "PyPI"}}]}
            answer = json.dumps({"vulns": [flaw]} if name == self.flawed else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", Handler
        server.shutdown()


def audited_by(url: str) -> subprocess.CompletedProcess:
    command = [sys.executable, audit.__file__, "--service", "osv", "--osv-url", url]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.usefixtures("every_extra")
def test_the_script_asks_about_every_package(service):
    url, handler = service
    clean = audited_by(url)
    assert (clean.returncode, clean.stderr) == (0, "")
    assert handler.asked == audit.installed_requirements(audit.PROJECT).keys()
    handler.flawed = "numpy"
    flawed = audited_by(url)
    assert flawed.returncode == 1
    assert "VULNERABLE: numpy" in flawed.stderr
    assert "PYSEC-1" in flawed.stderr


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.usefixtures("every_extra")
def test_a_service_that_does_not_answer_is_said():
    done = audited_by("http://127.0.0.1:9/")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "nothing was audited" in done.stderr
    assert "Traceback" not in done.stderr.partition("\n")[0]
