"""What a broken file of the package says, and that all of them are read in one place."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError
from pydantic import BaseModel, ConfigDict

from mailgate import own_files, texts
from mailgate.errors import ConfigError
from mailgate.own_files import OwnFile

PACKAGE = Path(own_files.__file__).parent


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")
    names: dict[str, dict[str, str]]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(own_files, "files", lambda _: tmp_path)
    return tmp_path / "table.toml"


TABLE = '# a table\n[names.first]\na = "1"\n'


def said(file: Path) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as refused:
        OwnFile("mailgate", file.name).table(Shape)
    told = [(each.line, each.column, each.message) for each in refused.value.mistakes]
    assert all(each.file == str(file) for each in refused.value.mistakes)
    assert all(
        words.endswith("; a file of Mailgate: install it again, or mend what was changed")
        for *_, words in told
    )
    return [(line, column, words.partition("; a file")[0]) for line, column, words in told]


def test_a_whole_file_is_read(file: Path) -> None:
    file.write_text(TABLE)
    assert OwnFile("mailgate", file.name).table(Shape).names == {"first": {"a": "1"}}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (TABLE + "b = two\n", [(4, 5, "is not TOML; Invalid value")]),
        (TABLE + "b = 2\n", [(4, 1, "names.first.b: Input should be a valid string")]),
        (TABLE + "[more]\n", [(4, 1, "more: this key has no meaning here; remove it")]),
        ("[name]\n", [(1, 1, "name: this key has no meaning here; remove it"), (1, 1, "names: the key is missing; add it")]),
        (TABLE.encode() + b'b = "\xff"\n', [(4, 1, "is not UTF-8; write it in UTF-8")]),
        (None, [(1, 1, "cannot be read: No such file or directory; expected is a file of the release")]),
    ],
    ids=["no TOML", "a number", "a key too many", "a key that is mistyped", "no UTF-8", "not there"],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_is_expected(
    file: Path, text: str | bytes | None, mistakes: list[tuple[int, int, str]]
) -> None:
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert said(file) == mistakes


def test_a_name_that_the_program_lacks_is_told_with_its_line(file: Path) -> None:
    file.write_text(TABLE)
    (mistake,) = OwnFile("mailgate", file.name).wrong(("names", "first"), "nothing has this name").mistakes
    assert (mistake.line, mistake.message.partition(";")[0]) == (2, "names.first: nothing has this name")


def test_a_broken_catalog_is_told_with_its_line(file: Path) -> None:
    path = file.parent / "locale" / "de" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid "a"\nmsgstr "b"\n\nmsgid "c"\nnonsense\n')
    with pytest.raises(ConfigError) as refused:
        texts.read_catalog("mailgate", "de")
    assert [(each.file, each.line) for each in refused.value.mistakes] == [(str(path), 5)]
    assert isinstance(refused.value.__cause__, PoFileError)


def test_no_other_file_reads_the_files_of_the_package() -> None:
    """Templates are read by their own library, which names file and line."""
    reads = re.compile(r"importlib\.resources import .*\bfiles\b|\btomllib\b|pkgutil import .*get_data")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if reads.search(path.read_text("utf-8"))
    }
    assert found == {"own_files.py"}
