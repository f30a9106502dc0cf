"""One console for every test and for what it starts, whatever terminal, shell or forge runs them: wide, and no terminal."""

import os

os.environ["COLUMNS"] = "200"  # no name in a table is broken, however long its neighbour is
for each in ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(each, None)
