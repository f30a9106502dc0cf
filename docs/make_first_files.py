"""Write ``config/`` as ``mailgate init`` would for the example: ``PYTHONPATH=proxy python docs/make_first_files.py``."""

from pathlib import Path

from mailgate.config.first_files import EXAMPLE, starter_files

FOLDER = Path(__file__).parents[1] / "config"

if __name__ == "__main__":
    for name, text in starter_files(EXAMPLE).items():
        (FOLDER / name).write_text(text, "utf-8")
