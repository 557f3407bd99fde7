"""The digests on other machines: `python tests/release/portability.py [settings] [versions] [aarch64]`, all three by default.

settings: as this machine is, as another CPU would compute, with every kernel of the BLAS, and by the definition in NumPy alone
    (tests/machines.py).
versions: with the lowest and the newest NumPy and numba that pyproject.toml allows, under every Python that it allows and that
    is found here, each in a virtual environment of its own.
aarch64: under qemu, with Debian's Python for arm64 and the wheels of NumPy and numba for it. Needs Debian's apt-get, pip and
    the network; installs nothing: everything is unpacked in a temporary folder, which is removed.

All of them share one cache of compiled code, so that code for another CPU or version would be noticed. Prints a line for each;
exit status 1 if a digest differs or a step fails. What this machine cannot show is listed with the reason, and is no failure.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from machines import lacking, settings

ROOT = Path(__file__).resolve().parents[2]
DIGESTS = ROOT / "tests" / "digests.py"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = ("numpy", "numba")
TRAINING = (*PINNED, "scikit-learn", "threadpoolctl", "pyyaml", "platformdirs", "pytest", "hypothesis")
"""The packages that tests/digests.py needs."""
DEBIAN_PACKAGES = ("python3", "libstdc++6", "libgomp1")
GLIBC_MINORS = range(17, 37)
"""The tags manylinux_2_MINOR that Debian 12, with glibc 2.36, runs."""
COMPILED = {"ZDL_BENCH_KERNELS": "numba"}
"""Makes a run fail instead of falling back if numba does not work."""


class NotShownError(Exception):
    """Something that this machine cannot show."""


class Comparisons:
    """The comparisons that were made in a folder, and their outcomes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.same, self.failed, self.not_shown = 0, 0, 0

    def compare(self, title: str, python: Sequence[str | Path], variables: Mapping[str, str]) -> None:
        """Compare all digests, and print what differs."""
        environment = os.environ | COMPILED | {"XDG_CACHE_HOME": str(self.folder / "cache")} | variables
        started = time.monotonic()
        command = [*python, DIGESTS, "--check", "--full"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        *lines, last = done.stdout.splitlines() or [f"exit status {done.returncode}"]
        print(f"{title}: {last} ({time.monotonic() - started:.0f} s)", flush=True)
        if done.returncode:
            print(*lines, done.stderr, sep="\n", flush=True)
        self.same, self.failed = self.same + (not done.returncode), self.failed + bool(done.returncode)

    def fail(self, title: str, error: subprocess.CalledProcessError) -> None:
        print(f"{title}: FAILED: {error}", error.stdout, error.stderr, sep="\n", flush=True)
        self.failed += 1

    def leave_out(self, title: str, reason: object) -> None:
        print(f"{title}: NOT SHOWN: {reason}", flush=True)
        self.not_shown += 1


def compare_settings(comparisons: Comparisons) -> None:
    comparisons.compare("here", [sys.executable], {})
    for name, setting in settings().items():
        if missing := lacking(setting.level):
            comparisons.leave_out(name, f"this CPU is no {setting.level}, it lacks {', '.join(missing)}")
        else:
            comparisons.compare(name, [sys.executable], setting.variables)


def compare_versions(comparisons: Comparisons) -> None:
    wheel, test_needs = build_wheel(comparisons.folder), [requirement(name) for name in ("pytest", "hypothesis")]
    for python in supported_pythons():
        try:
            interpreter = find_python(python)
        except NotShownError as error:
            comparisons.leave_out(f"Python {python}", error)
            continue
        for kind, pins in {"lowest": [lowest(requirement(name)) for name in PINNED], "newest": []}.items():
            venv = comparisons.folder / f"{python}-{kind}"
            call(interpreter, "-m", "venv", venv)
            own = venv / "bin" / "python"
            call(own, "-m", "pip", "install", "--quiet", "--no-cache-dir", wheel, *map(str, test_needs), *pins)
            comparisons.compare(f"{kind} NumPy and numba for Python {python}", [own], {})
            shutil.rmtree(venv)


def supported_pythons() -> list[str]:
    allowed = SpecifierSet(PROJECT["requires-python"])
    return [f"3.{minor}" for minor in range(30) if allowed.contains(f"3.{minor}")]


def find_python(version: str) -> Path:
    """Return an interpreter that starts: from the PATH, or one of pyenv's. Raise NotShownError if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    for path in [*([Path(on_path)] if on_path else []), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]:
        if subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
            return path
    raise NotShownError(f"no python{version} with venv on the PATH or in pyenv; install one")


def requirement(name: str) -> Requirement:
    """Return what the project requires of a package, in its dependencies or for its tests."""
    declared = map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
    return next(one for one in declared if one.name == name)


def lowest(needed: Requirement) -> str:
    """Return the requirement of the lowest version that is allowed."""
    return next(f"{needed.name}=={bound.version}" for bound in needed.specifier if bound.operator == ">=")


def build_wheel(folder: Path) -> Path:
    call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    return next(folder.glob("zdl_bench-*.whl"))


def compare_aarch64(comparisons: Comparisons) -> None:
    folder = comparisons.folder / "aarch64"
    folder.mkdir()
    try:
        python, variables = emulated_python(folder)
    except NotShownError as error:
        comparisons.leave_out("aarch64", error)
        return
    comparisons.compare("aarch64, emulated", python, variables)
    comparisons.compare("aarch64 without SVE, emulated", python, variables | {"QEMU_CPU": "cortex-a57"})


def emulated_python(folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """Unpack qemu, Debian's Python for arm64 and what training needs. Return the command of that Python, and its variables."""
    if platform.machine() != "x86_64" or not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        raise NotShownError("the emulation is made from Debian's packages on x86-64, which this machine is not")
    root, site = folder / "root", folder / "site"
    unpack_debian("amd64", ("qemu-user-static",), folder / "qemu")
    unpack_debian("arm64", DEBIAN_PACKAGES, root)
    if not (root / "lib").exists():  # Debian 13 has all libraries in /usr/lib
        (root / "lib").symlink_to("usr/lib")
    python: list[str | Path] = [folder / "qemu/usr/bin/qemu-aarch64-static", root / "usr/bin/python3"]
    variables = {"QEMU_LD_PREFIX": str(root), "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    version = call(*python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])", **variables)
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--only-binary=:all:", "--target", site)
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS]
    call(*install, "--python-version", version, *platforms, *(str(requirement(name)) for name in TRAINING))
    call(*install, "--no-deps", build_wheel(folder))
    return python, variables


def unpack_debian(architecture: str, packages: Sequence[str], target: Path) -> None:
    """Download packages and all that they need from this machine's Debian mirrors, for any architecture, and unpack them."""
    state = target.with_name(f"apt-{architecture}")
    debs = state / "debs"
    debs.mkdir(parents=True)
    (state / "status").touch()
    options = {"Dir::State": state, "Dir::State::status": state / "status", "Dir::Cache": state}
    options |= {"APT::Architecture": architecture, "APT::Architectures": architecture, "APT::Sandbox::User": "root"}
    apt = ("apt-get", "-qq", *(f"-o={key}={value}" for key, value in options.items()))
    call(*apt, "update")
    planned = call(*apt, "--simulate", "--no-install-recommends", "install", *packages)
    call(*apt, "download", *(line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")), folder=debs)
    for deb in debs.iterdir():
        call("dpkg-deb", "--extract", deb, target)
    shutil.rmtree(state)


def call(*command: str | Path, folder: Path | None = None, **variables: str) -> str:
    """Run a command and return what it prints. Raise CalledProcessError, with its messages, if it fails."""
    done = subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout.strip()


PARTS = {"settings": compare_settings, "versions": compare_versions, "aarch64": compare_aarch64}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="compare digests under other settings, versions and processors")
    parser.add_argument("parts", nargs="*", choices=list(PARTS), metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="portability-") as folder:
        comparisons = Comparisons(Path(folder))
        for part in options.parts or PARTS:
            try:
                PARTS[part](comparisons)
            except subprocess.CalledProcessError as error:
                comparisons.fail(part, error)
    print(f"portability: {comparisons.same} the same, {comparisons.failed} FAILED, {comparisons.not_shown} not shown here")
    return 1 if comparisons.failed else 0


if __name__ == "__main__":
    sys.exit(main())
