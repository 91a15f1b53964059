"""Asks the public database of known holes about every pinned package, with pip-audit in an environment of its own.

Exit code 0: no package has one. 1: some have, each named. 2: it could not be asked, or not about all of them.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".tools" / "audit"


def main() -> int:
    """Install pip-audit if need be, ask, and say what was found."""
    tool = HOME / "bin" / "pip-audit"
    if not tool.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        if subprocess.run([HOME / "bin" / "pip", "install", "--quiet", "pip-audit"], check=False).returncode:
            print("audit: pip-audit could not be installed")
            return 2
    asked = subprocess.run(
        [tool, "--requirement", ROOT / "requirements.txt", "--disable-pip", "--format", "json", "--progress-spinner", "off"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return judged(json.loads(asked.stdout)["dependencies"])
    except (ValueError, KeyError):
        print("audit: the database of known holes could not be reached")
        return 2


def judged(packages: list[dict[str, Any]]) -> int:
    """Say what was found about these packages, as pip-audit tells it; the exit code."""
    unasked = [package["name"] for package in packages if "skip_reason" in package]
    holes = [(package, hole) for package in packages for hole in package.get("vulns", [])]
    for package, hole in holes:
        names = ", ".join([hole["id"], *hole.get("aliases", [])])
        print(f"{package['name']} {package['version']}: {names}; fixed in {', '.join(hole['fix_versions']) or 'no version'}")
    if unasked:
        print(f"audit: nothing could be learned about {len(unasked)} of {len(packages)} packages: {', '.join(unasked)}")
    print(f"audit: {len(holes)} known holes in {len(packages) - len(unasked)} packages; see docs/dependencies.md")
    return 1 if holes else 2 if unasked or not packages else 0


if __name__ == "__main__":
    sys.exit(main())
