"""What building adds to ``pyproject.toml``: a README for an index, the extension that the package gives away, and the pages where a
system looks for them."""

import json
import re
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"\]\((?![a-z]+:|#)")
PICTURE = re.compile(r"!(?=\[[^\]]*\]\((?![a-z]+:))")


class ReadmeForAnIndex(MetadataHookInterface):
    """An index shows the README alone, so its links to other files lead to the project's own pages, and so do its pictures."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        home = metadata["urls"]["Homepage"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": RELATIVE.sub(f"]({home}/", PICTURE.sub("", text)),
        }


class InstalledPages(BuildHookInterface):  # type: ignore[type-arg]
    """The pages and what an operator takes from them come along, below ``share/`` of whatever the wheel is installed into, and the
    extension's shipped files in the package itself (``cli/extension_files.py``)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        extension = Path(self.root, "extension")
        for name in (
            "package.json",
            *json.loads(extension.joinpath("package.json").read_text("utf-8"))["files"],
        ):
            build_data["force_include"][str(extension / name)] = f"mailgate/extension/{name}"
        self._laid = TemporaryDirectory()
        pages = Path(self._laid.name)
        for place in run_path(str(Path(self.root, "docs/lay_installed.py")))["lay"](pages):
            build_data["shared_data"][str(pages / place)] = f"share/doc/mailgate/{place}"

    def finalize(self, version: str, *_: object) -> None:
        if self.target_name == "wheel" and version != "editable":
            self._laid.cleanup()
