"""Builds what has no wheel from source, with the pip of a base. Runs in a container, alone.

Imports nothing of ours and nothing but the standard library: it is sent there as it is. Whatever
the packages run while they are built runs there too.
"""

from __future__ import annotations  # for Pythons older than 3.9

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OLDEST = (22, 2)
"""The first pip that tells what it would install."""

NO_PIP = 97
"""The exit code where pip is missing, or older."""

QUIETLY = ["--progress-bar", "off", "--prefer-binary"]


def main(folder: Path) -> int:
    """Write what the requirements come to, and a wheel of each that no index has one of."""
    if not has_pip():
        return NO_PIP
    report, told = folder / "report.json", folder / "packages.json"
    words = ["install", "--dry-run", "--ignore-installed", "--report", str(report), *QUIETLY]
    code = pip(*words, "-r", str(folder / "requirements.txt"))
    if code:
        return code
    packages = [package(one) for one in json.loads(report.read_text("utf-8"))["install"]]
    told.write_text(json.dumps(packages), "utf-8")
    built = [one for one in packages if not fetched(one)]
    listed = folder / "built.txt"
    listed.write_text("".join(line(one, built) for one in built), "utf-8")
    words = ["wheel", "--no-deps", "--wheel-dir", str(folder / "wheels"), *QUIETLY]
    return pip(*words, "-r", str(listed)) if built else 0


def has_pip() -> bool:
    """Tell whether there is a pip that is new enough."""
    words = [sys.executable, "-m", "pip", "--version"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    found = re.match(rb"pip (\d+)\.(\d+)", done.stdout)
    return bool(found and (int(found[1]), int(found[2])) >= OLDEST)


def pip(*words: str) -> int:
    """Run pip; return its exit code."""
    return subprocess.call([sys.executable, "-m", "pip", *words])


def package(told: dict[str, Any]) -> dict[str, Any]:
    """Return what pip resolved, in short."""
    where, what = told["download_info"], told["metadata"]
    hashes = where.get("archive_info", {}).get("hashes", {})
    return {
        "name": what["name"],
        "version": what["version"],
        "url": where["url"],
        "sha256": hashes.get("sha256", ""),
    }


def fetched(one: dict[str, Any]) -> bool:
    """Tell whether a package is a wheel that other machines can fetch and check."""
    address = urlsplit(one["url"])
    return address.scheme == "https" and address.path.endswith(".whl") and bool(one["sha256"])


def line(one: dict[str, Any], among: list[dict[str, Any]]) -> str:
    """Return the requirement of a package; with its hash where all among them have one."""
    exactly = f" --hash=sha256:{one['sha256']}" if all(each["sha256"] for each in among) else ""
    return f"{one['name']}=={one['version']}{exactly}\n"


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
