"""Reading the YAML blocks of pages as the gate reads the files that they show."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.unit.connectors.around import service_account

from mailgate.config import load_bundle
from mailgate.config.document import read_document
from mailgate.errors import ConfigError

ROOT = Path(__file__).parents[2]
_SECRET = re.compile(r"\{env: (\w+)\}")
_OF_CONNECTORS = {
    name: "secret"
    for example in (ROOT / "config/examples/connectors").glob("*/mailgate.yaml")
    for name in _SECRET.findall(example.read_text("utf-8"))
}
ENVIRON = _OF_CONNECTORS | {
    "GOOGLE_ACCOUNT": service_account(),
    "MAILGATE_STORE": "postgresql://mailgate:secret@db.example.com/mailgate",
    "SMTP_PASSWORD": "secret",
    "MAILGATE_DOVECOT_KEY": "secret",
    "OIDC_SECRET": "secret",
}
_BLOCK = re.compile(r"^( *)```ya?ml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"#\s*(?:config/)?([\w./-]+\.ya?ml)")


@dataclass(frozen=True)
class Block:
    """One block of YAML: its place, and the name in the comment on its first line, or an empty name."""

    page: str
    line: int
    name: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """Every YAML block of a page, without its indentation."""
    text = page.read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        block = re.sub(f"^{match[1]}", "", match[2], flags=re.MULTILINE)
        name = _NAME.match(block)
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(str(page.relative_to(ROOT)), line, name[1] if name else "", block))
    return found


def load_block(block: Block, folder: Path) -> None:
    """Replace the file that the block shows, in a copy of ``config/``, and load everything.

    A block may show a part of the settings; the rest is as shipped. The shipped cases are about the shipped rules,
    so they are left out with other rules.

    :raises ConfigError: with every mistake.
    """
    kind = block.name.rpartition("/")[2]
    if kind not in ("mailgate.yaml", "apps.yaml", "policy.yaml", "policy.tests.yaml"):
        document = read_document(block.text.encode(), f"{block.page}:{block.line}", nulls=True)
        if document.mistakes:
            raise ConfigError(list(document.mistakes))
        return
    shutil.copytree(ROOT / "config", folder, dirs_exist_ok=True)
    text = block.text
    if kind == "mailgate.yaml":
        text = _with_shipped_settings(text)
    if kind in ("apps.yaml", "policy.yaml"):
        (folder / "policy.tests.yaml").unlink()
    (folder / kind).write_text(text, "utf-8")
    (folder / "logo.svg").write_text("<svg/>", "utf-8")  # a page may mention it
    load_bundle(folder / "mailgate.yaml", ENVIRON)


def _with_shipped_settings(text: str) -> str:
    shown = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    shipped = re.findall(
        r"^(\w+):(.*(?:\n[ #].*|\n(?=\n*[ #]))*)",
        (ROOT / "config/mailgate.yaml").read_text("utf-8"),
        re.MULTILINE,
    )
    return text + "".join(f"\n{key}:{rest}" for key, rest in shipped if key not in shown)
