"""Runs the steps of our workflows as a runner does: their scripts, with the job's environment."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from hub import TOKEN
from msgspec import Struct, field
from walk import REPO, Answer

FOLDER = REPO / ".github" / "workflows"
NAMES = ("plan", "apply", "drift")


def workflow(name: str) -> Any:
    """Return a workflow as data. YAML 1.1 reads the key `on` as true."""
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))


def steps(name: str) -> list[dict[str, Any]]:
    """Return every step of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def script(name: str, step: str) -> dict[str, Any]:
    """Return the step that is called so."""
    (found,) = (one for one in steps(name) if one.get("name") == step)
    return found


class Runner(Struct, frozen=True, kw_only=True):
    """A machine that runs steps in a checkout. `api` is the address of GitHub's API."""

    checkout: Path
    temp: Path
    api: str
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, step: str, **environ: str) -> Answer:
        """Run a step to its end; its own variables are given as `environ`."""
        found = script(name, step)
        asked = set(found.get("env", {})) - {"TOKEN"}
        assert asked == set(environ), f"the step wants {asked}"
        file = self.temp / ("step.py" if found.get("shell") == "python" else "step.sh")
        file.write_text(found["run"], encoding="utf-8")
        shell = [sys.executable] if file.suffix == ".py" else ["/bin/bash", "-e"]
        done = subprocess.run(
            [*shell, str(file)],
            cwd=self.checkout,
            env=self.variables(environ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    def variables(self, environ: dict[str, str]) -> dict[str, str]:
        """Return the environment of a step."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPO),
            "GITHUB_API_URL": self.api,
            "GITHUB_REPOSITORY": "acme/mnist",
            "GITHUB_WORKSPACE": str(self.checkout),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "RUNNER_TEMP": str(self.temp),
            "TOKEN": TOKEN,
            **self.environ,
            **environ,
        }

    def outputs(self) -> dict[str, str]:
        """Return what the steps put out so far, and forget it."""
        file = self.temp / "output"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        file.unlink(missing_ok=True)
        many = re.findall(r"^(\w+)<<(\w+)\n(.*?)\n\2$", text, re.DOTALL | re.MULTILINE)
        rest = re.sub(r"^(\w+)<<(\w+)\n.*?\n\2$", "", text, flags=re.DOTALL | re.MULTILINE)
        return {name: value for name, _, value in many} | dict(
            line.split("=", 1) for line in rest.splitlines() if line
        )
