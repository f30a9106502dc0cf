"""Write the table of licences into ``docs/release.md``: ``PYTHONPATH=. .venv/bin/python -m deploy.release.licences``."""

import re
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from deploy.release.locked import Locked, read_lock

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "release.md"
READ = {
    "aiohappyeyeballs": "PSF-2.0",
    "aiosignal": "Apache-2.0",
    "aiosmtplib": "MIT",
    "aiosqlite": "MIT",
    "authlib": "BSD-3-Clause",
    "babel": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "frozenlist": "Apache-2.0",
    "grpclib": "BSD-3-Clause",
    "hyperframe": "MIT",
    "jinja2": "BSD-3-Clause",
    "joserfc": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "propcache": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "rich": "MIT",
    "ruamel-yaml": "MIT",
    "shellingham": "ISC",
    "tzdata": "Apache-2.0",
    "ua-parser-builtins": "Apache-2.0",
    "ua-parser-rs": "Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
    "yarl": "Apache-2.0",
}
"""The licence in the licence file of a package, if its metadata has no SPDX expression (PEP 639)."""
ACCEPTED = {
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "LGPL-3.0-only",  # psycopg, which is imported and not changed
    "MIT",
    "MIT-0",
    "PSF-2.0",
}
"""Licences of packages that may be delivered with Mailgate. A person has to read any other one first."""
_TABLE = re.compile(r"(<!-- licences -->\n).*?(<!-- end of licences -->)", re.DOTALL)


def licence_of(package: Locked) -> str:
    """The SPDX expression of a package. Raises ValueError if nobody has read it yet, or if a part of it is not
    accepted."""
    expression = _told(package.name) or READ.get(package.name)
    if expression is None:
        raise ValueError(
            f"{package.name} {package.version} has no licence expression: read its licence, add it to READ"
        )
    if others := set(re.findall(r"[\w.+-]+", expression)) - ACCEPTED - {"AND", "OR", "WITH"}:
        raise ValueError(f"{package.name} {package.version}: {', '.join(sorted(others))} is not accepted")
    return expression


def _told(name: str) -> str | None:
    try:
        return metadata(name).get("License-Expression")
    except PackageNotFoundError:  # for another system
        return None


def with_table(page: str, packages: Iterable[Locked]) -> str:
    """The page with the packages of the lock."""
    by_licence = defaultdict(list)
    for each in packages:
        by_licence[licence_of(each)].append(f"`{each.name}=={each.version}`")
    rows = [f"| {licence} | {', '.join(names)} |" for licence, names in sorted(by_licence.items())]
    table = "\n".join(["| licence | packages |", "|---|---|", *rows])
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), read_lock(LOCK)), "utf-8")
