"""The rules of the demo: those of the folder `config` or of `mailgate init`, and one more that warns first, with dates
relative to the first start."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

from mailgate.atomic_files import write_atomically
from mailgate.config.first_files import EXAMPLE, POLICY, SETTINGS, starter_files
from mailgate.demo.company.history import policy_text, with_one_more

COPIED = Path("config")
"""The folder whose rules are copied, unless the demo gets others."""
FOLDER = "rules"
_WARNED_FOR, _ENFORCED_IN = timedelta(days=1), timedelta(days=6)
_PARTS = ("apps.yaml", "policy.tests.yaml", "lists")


def demo_rules(directory: Path, now: datetime) -> Path:
    """The folder of the demo's own rules. It is made at the first start, and later changes in it are kept. Raises OSError."""
    folder = directory / FOLDER
    if not (folder / POLICY).exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = _copied(folder) if (COPIED / POLICY).exists() else _written(folder)
        write_atomically(folder / POLICY, with_one_more(text, soon(now)))
    return folder


def _copied(folder: Path) -> str:
    """The other files, and the text of the policy."""
    for part in _PARTS:
        _copy(COPIED / part, folder / part)
    return (COPIED / POLICY).read_text("utf-8")


def _written(folder: Path) -> str:
    """Write the rules of ``mailgate init``, if there is no folder to copy."""
    files = starter_files(EXAMPLE)
    for name in files.keys() - {SETTINGS, POLICY}:
        (folder / name).parent.mkdir(exist_ok=True)
        write_atomically(folder / name, files[name])
    return files[POLICY]


def soon(now: datetime) -> str:
    """The rule that warns since yesterday and keeps out in six days."""
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return Template(policy_text("soon")).substitute(
        warned=(morning - _WARNED_FOR).isoformat(), enforced=(morning + _ENFORCED_IN).isoformat()
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
