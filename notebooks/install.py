"""Set up the course's environment, .venv, quietly: with uv where it is installed, and with pip otherwise.

    python3 notebooks/install.py             what the course needs, at the versions of .ci/lock.txt
    python3 notebooks/install.py test site   these extras of pyproject.toml, too
    python3 notebooks/install.py lock        write .ci/lock.txt anew, from the newest versions allowed
    python3 notebooks/install.py in FOLDER PACKAGE ...  another environment, with these packages

LOCK=no takes the newest versions allowed in place of the lock's, UV= (empty) takes pip although uv is here,
and KERAS_BACKEND=jax takes JAX in place of TensorFlow. The whole log is in .venv/install.log.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV, LOCK = ROOT / ".venv", ROOT / ".ci" / "lock.txt"
STEP = re.compile(r"(?:Collecting|Downloading|Building|Prepared|Installing collected) *([\w.-]*)")
UV = os.environ.get("UV", shutil.which("uv"))
JAX = os.environ.get("KERAS_BACKEND") == "jax"


def python_of(venv):
    """The Python of an environment, which is made with the Python that runs this file if it is not there."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        make = (
            [UV, "venv", "--quiet", "--seed", "--python", sys.executable]
            if UV
            else [sys.executable, "-m", "venv"]
        )
        subprocess.run([*make, str(venv)], check=True)
    return python


def command(python, wanted):
    """The command that installs `wanted`, under the lock."""
    tool = [UV, "pip", "install", "--python", python] if UV else [python, "-m", "pip", "install"]
    quiet = [] if UV else ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--no-compile"]
    lock = [] if os.environ.get("LOCK") == "no" else ["--constraint", LOCK]
    return [os.fspath(part) for part in (*tool, *quiet, *lock, *wanted)]


def install(wanted, what, venv=VENV):
    """Run the command with one line of progress; the exit status."""
    start, step, live, file = time.perf_counter(), "", sys.stdout.isatty(), venv / "install.log"
    run = command(python_of(venv), wanted)
    with file.open("a", encoding="utf-8") as log:
        run = subprocess.Popen(run, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in run.stdout:
            log.write(line)
            found = STEP.match(line.strip())
            step = found[1] if found else step
            if live:
                print(f"\r\033[K  {time.perf_counter() - start:4.0f} s  {step}", end="", flush=True)
    seconds, clear = time.perf_counter() - start, "\r\033[K" if live else ""
    if run.wait():
        print(f"{clear}  {what}: could not be installed. The end of {file}:")
        print("\n".join(file.read_text(encoding="utf-8").splitlines()[-15:]))
    else:
        print(f"{clear}  {what}: installed with {'uv' if UV else 'pip'} in {seconds:.0f} s")
    return run.returncode


def course():
    """What the course needs, as arguments of the command."""
    if not JAX:
        return ["--requirement", "requirements.txt"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("#")[0].strip() for line in lines if not line.startswith(("tensorflow", "-"))]
    return [*filter(None, names), "--editable", ".[jax]"]


def lock():
    """Write .ci/lock.txt: for each package one version, on every system and Python that we support."""
    import tomllib

    if not UV and install(["uv"], "uv, which resolves for all systems at once"):
        return 1
    uv = UV or shutil.which("uv", path=VENV / "bin") or VENV / "Scripts" / "uv.exe"
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    wanted = [f"--extra={name}" for name in extras]
    resolve = [uv, "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--upgrade"]
    resolve += ["--fork-strategy=fewest", "--no-header", "--no-annotate", "requirements.txt"]
    run = subprocess.run([*resolve, "pyproject.toml", *wanted], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if run.returncode == 0:
        lines = [line for line in run.stdout.splitlines() if "==" in line]
        head = "# The versions that were tried together, for make and CI. Renewed by: make lock"
        LOCK.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        print(f"{LOCK.relative_to(ROOT)}: {len({line.split('==')[0] for line in lines})} packages")
    return run.returncode


def main(names):
    """Do what the command line says; the exit status."""
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        sys.exit(f"The course needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.")
    if names == ["lock"]:
        return lock()
    if names[:1] == ["in"]:
        return install(names[2:], names[1], ROOT / names[1])
    if names:
        return install(["--editable", f".[{','.join(names)}]"], f"the extra {' and '.join(names)}")
    size = "1.2 GB" if JAX else "2.7 GB"
    print(f"Setting up .venv with Python {sys.version.split()[0]}: once, a few minutes, {size}.")
    return install(course(), "the course's packages")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
