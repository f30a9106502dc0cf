"""Upgrades a store by one made-up step of the schema, as expensive as a step may be: ``python -m benchmarks.upgrading
URL``.

The step adds a column with a value of its own to every report, and an index over it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from mailgate.store import migrate, migrations
from mailgate.store.address import store_url

STEP = """\
from alembic import op

revision, down_revision = {revision!r}, {known!r}


def upgrade() -> None:
    op.execute("ALTER TABLE reports ADD COLUMN of_the_next TEXT DEFAULT '' NOT NULL")
    op.execute("UPDATE reports SET of_the_next = lower(owner)")
    op.execute("CREATE INDEX ix_reports_of_the_next ON reports (of_the_next)")
"""


def steps(folder: Path) -> Path:
    """The steps of this version and one more, in a folder below this one."""
    there = shutil.copytree(Path(migrations.__file__).parent, folder / "steps")
    known = max(path.name[1:5] for path in (there / "versions").glob("v[0-9]*.py"))
    revision = f"{int(known) + 1:04}"
    (there / "versions" / f"v{revision}_next.py").write_text(STEP.format(revision=revision, known=known))
    return there


def main(url: str) -> None:
    """Upgrade like a gate of the next version at its start."""
    with tempfile.TemporaryDirectory() as folder:
        migrate._STEPS = steps(Path(folder))
        migrate.migrate(store_url(url))


if __name__ == "__main__":
    main(sys.argv[1])
