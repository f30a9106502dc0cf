"""The next version of Mailgate, as far as the store is concerned: an environment variable makes a process that
version.

It is this version with one more step of the schema, which does everything that such a step may do, and holds its
locks for some time.
"""

import shutil
from pathlib import Path

from mailgate.store import migrate, migrations
from mailgate.store.schema import metadata

STEPS = "MAILGATE_TEST_STEPS"
"""The variable that names the folder of steps."""
TAKES = 1.0
"""Seconds that the upgrade holds every table."""
_VERSIONS = Path(migrations.__file__).parent / "versions"
KNOWN = max(path.name[1:5] for path in _VERSIONS.glob("v[0-9]*.py"))
"""The last step that this version has."""
STEP = """\
from alembic import op

revision, down_revision = {revision!r}, {known!r}
TABLES = {tables!r}


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {{table}} ADD COLUMN of_the_next TEXT DEFAULT 'x' NOT NULL")
    op.execute("CREATE TABLE only_the_next (name TEXT PRIMARY KEY)")
    op.execute("CREATE INDEX ix_sightings_of_the_next ON sightings (of_the_next)")
    op.execute("SELECT pg_sleep({takes})")
"""


def steps(folder: Path) -> dict[str, str]:
    """The environment of the next version; its step is written below this folder."""
    there = shutil.copytree(_VERSIONS.parent, folder / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    revision = f"{int(KNOWN) + 1:04}"
    tables = [name for name in metadata.tables if name not in ("audit", "audit_head")]
    text = STEP.format(revision=revision, known=KNOWN, tables=tables, takes=TAKES)
    (there / "versions" / f"v{revision}_next.py").write_text(text)
    return {STEPS: str(there)}


def arm(folder: str) -> None:
    """Make this process the next version."""
    migrate._STEPS = Path(folder)
