"""The Chromium of the tests and the arguments of its start, which turn off its own background work."""

import os
from pathlib import Path

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
"""The whole browser: it alone has extensions, policies and settings of its own."""
SHELL = "/usr/bin/chromium-headless-shell"
PAGES = CHROMIUM if "CHROMIUM" in os.environ or not Path(SHELL).exists() else SHELL
"""What shows a page. The shell is the same engine without a browser's windows, and takes a quarter of the processor's time."""
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a page of a test runs for a second: compiling it once, without optimisation, costs less than optimising it
    "--js-flags=--no-opt --no-maglev --no-flush-bytecode --always-sparkplug",
]
UNPAINTED = [*CHROMIUM_ARGUMENTS, *(["--disable-threaded-compositing"] if PAGES == SHELL else [])]
"""With these the shell lays pages out and never paints them, which is a quarter of its work. Nothing in them can be clicked, which waits for a
picture."""
