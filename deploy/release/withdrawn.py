"""Ask the package index whether a locked version was withdrawn since (PEP 592): ``python -m deploy.release.withdrawn
LOCK…``.

Exit code 1 if one was, 77 if the index does not answer, so that nothing is known.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ASK = "install --dry-run --ignore-installed --no-deps --quiet --retries 1 --timeout 20 --disable-pip-version-check --report - -r"
UNKNOWN = 77


def main(locks: list[str]) -> int:
    codes = [_judged(lock) for lock in locks]
    return max(codes, key=[0, UNKNOWN, 1].index)


def _judged(lock: str) -> int:
    # local files beside the index do not tell what the index has withdrawn
    environment = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    asked = subprocess.run(
        [sys.executable, "-m", "pip", *_ASK.split(), lock], capture_output=True, text=True, env=environment
    )
    code, said = verdict(asked.returncode, asked.stdout, asked.stderr)
    print(f"{Path(lock).name}: {said}")
    return code


def verdict(code: int, report: str, errors: str) -> tuple[int, str]:
    """The exit code, and the message, from pip's answer."""
    if code == 0:
        return _told(json.loads(report)["install"])
    if "Retrying (" in errors:
        return UNKNOWN, "not checked, since the package index does not answer"
    return 1, errors.strip().rpartition("ERROR: ")[2]  # a deleted version is no longer found


def _told(packages: list[Mapping[str, Any]]) -> tuple[int, str]:
    pinned = {f"{each['metadata']['name']} {each['metadata']['version']}": each for each in packages}
    if withdrawn := [name for name, each in pinned.items() if each["is_yanked"]]:
        return 1, f"withdrawn: {', '.join(withdrawn)}"
    local = [name for name, each in pinned.items() if each["download_info"]["url"].startswith("file:")]
    beside = f"; not asked about, since they lie on this machine: {', '.join(local)}" if local else ""
    return 0, f"none of {len(pinned)} versions is withdrawn{beside}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
