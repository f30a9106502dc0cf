import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config.document import MAX_BYTES, DocumentError, read_document


def read(text: str | bytes, **options: bool):
    return read_document(text if isinstance(text, bytes) else text.encode(), "f.yaml", **options)


def mistakes(text: str | bytes) -> list[str]:
    try:
        return [str(mistake) for mistake in read(text).mistakes]
    except DocumentError as error:
        return [str(error.mistake)]


def test_values_are_those_of_yaml_1_2() -> None:
    text = "{a: yes, b: true, c: 1:30, d: 012, e: 0o17, f: 0x1F, g: 1.5, h: 2026-12-01, i: '1', j: [x, y], k: 1_000}"
    assert read(text).value == {
        "a": "yes", "b": True, "c": "1:30", "d": 12, "e": 15, "f": 31, "g": 1.5, "h": "2026-12-01", "i": "1",
        "j": ("x", "y"), "k": 1000,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["\ufeffa: 1\n", "a: 1\r\n", "---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "# c\na: 1"]
)
def test_harmless_differences_of_yaml_change_nothing(text: str) -> None:
    assert read(text).value == {"a": 1}


def test_anchors_are_written_out() -> None:
    assert read("a: &x {b: 1}\nc: *x\n").value == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3", "3:1", "the key `a` is repeated here; keep the one on line 1"),
        ("a: {b: 1, b: 2}", "1:11", "the key `b` is repeated here"),
        ("a:\n\tb: 1", "2:1", "the line is indented with a tab; use spaces"),
        ("a: 1\n---\nb: 1", "2:1", "a second document starts here"),
        ("", "1:1", "the file is empty"),
        ("# nothing\n", "1:1", "the file is empty"),
        ("a:\n", "1:1", "the value is missing; write one, or leave the key out"),
        ("- ~", "1:3", "the value is missing"),
        ("b: &x {c: 1}\na: {<<: *x}", "2:5", "merge keys are not YAML 1.2"),
        ("? [1, 2]\n: 3", "1:3", "a key may not be a list or a mapping"),
        ("a: !!python/name:os.system x", "1:4", "cannot be read"),
        ("a: !secret x", "1:4", "cannot be read"),
        ("a: !!int x", "1:4", "cannot be read"),
        ("a: [1", "1:6", "expected ',' or ']'"),
        ("a: b: c", "1:5", "a colon is not allowed here"),
        ("a: @x", "1:4", "put the text in quotes"),
        ("a: !client.handheld", "1:4", "the tag `!client.handheld` cannot be read; leave it out"),
        ('a: "x" in device.lists', "1:8", "text goes on after a closing quote or bracket"),
        ("a: * 2", "1:5", "put the whole text in quotes"),
        ("a: *x", "1:4", "write an `&` anchor of that name"),
        ("a: é\nb: \x01", "2:4", "the character U+0001 is not allowed in YAML"),
        ("%YAML 1.1\n---\na: yes", "1:1", "directives are not read"),
        ("a: é".encode() + b"\xff", "1:5", "the byte 0xff is not UTF-8"),
        ("a: 1".encode("utf-16"), "1:1", "is not UTF-8"),
        ("[" * 10_000, "1:1", "nested too deeply"),
        ("[{" * 10_000, "1:1", "nested too deeply"),
        ("- " * 60 + "x", "1:83", "nested too deeply"),
        (b"a" * (MAX_BYTES + 1), "1:1", "use at most 1048576"),
    ],
)  # fmt: skip
def test_a_mistake_in_yaml_is_named_with_its_place(text: str | bytes, place: str, message: str) -> None:
    [found] = mistakes(text)
    assert found.startswith(f"f.yaml:{place}: ")
    assert message in found


def test_every_mistake_that_is_no_syntax_error_comes_out() -> None:
    assert len(mistakes("a: 1\na: 2\nb: !x y\nc: {d: ~, d: 1}")) == 4


def test_aliases_that_grow_without_bound_are_refused() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))
    [bomb] = mistakes(f"l0: &l0 [x, x]\n{levels}")
    assert "more than 50000 values" in bomb
    assert "nested too deeply" in mistakes("a: &a [*a]")[0]


def test_surrogates_come_in_pairs() -> None:
    assert read(r'a: "\ud83d\ude00"').value == {"a": "😀"}
    assert "cannot be read" in mistakes(r'a: "\ud83d"')[0]


def test_nulls_of_programs_are_left_out() -> None:
    assert read('{"a": null, "b": 1}', nulls=True).value == {"b": 1}


@pytest.mark.parametrize(
    ("text", "line", "column", "place"),
    [
        ("a: one two", 1, 5, "1:8"),
        ("a: 'one ''two'' x'", 1, 11, "1:17"),
        (r'a: "one \"two\" x"', 1, 11, "1:17"),
        ('a: "one \\\n   two x"', 1, 9, "2:8"),
        (r'a: "\x41\ttwo x"', 1, 7, "1:15"),
        ("a: one\n  two\n  x", 1, 9, "3:3"),
        ("a: |\n  one\n    two\n  x", 2, 3, "3:5"),
        ("a: >- # note\n  one\n    two\n  x", 2, 3, "3:5"),
        ("a: >\n  one\n  two\n", 1, 5, "3:3"),
        ("a: |\n  one é two\n", 1, 7, "2:9"),
        ("- {a: [b, one two]}", 1, 5, "1:15"),
        ("a: one", 1, 4, "1:7"),
    ],
)
def test_a_place_inside_a_text_is_found_in_the_file(text: str, line: int, column: int, place: str) -> None:
    document = read(text)
    path = ("a",) if isinstance(document.value, dict) else (0, "a", 1)
    assert str(document.mistake_inside(path, line, column, "m")) == f"f.yaml:{place}: m"


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`,?#\n \t\\1~<=é\r", max_size=40) | st.binary(max_size=20))
def test_any_text_is_read_or_refused_with_a_place(text: str | bytes) -> None:
    for mistake in mistakes(text):
        _, line, column, _ = mistake.split(":", 3)
        assert int(line) >= 1
        assert int(column) >= 1
