"""Whoever looks for a key of the files that people write finds words about it in ``docs/``."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from tests.docs.reading import FENCE, ROOT, SPAN, prose

from mailgate.cli.schema import SCHEMAS, schema_of
from mailgate.model.phrase import TAGS, primary

GUIDES = sorted((ROOT / "docs").glob("*.md"))
LANGUAGES = {*TAGS, *map(primary, TAGS)}
"""The keys of a text in other languages."""


def keys_of(name: str) -> set[tuple[str, str]]:
    """Each key of a file, after the key of the section in which it stands, or the type of the source."""
    schema = schema_of(name)
    defined, seen = schema.pop("$defs", {}), set()

    def below(part: Any, section: str) -> Iterator[tuple[str, str]]:
        if isinstance(part, list):
            for each in part:
                yield from below(each, section)
        if not isinstance(part, dict):
            return
        keys = part.get("properties", {})
        section = keys.get("type", {}).get("const", section)
        for key, described in keys.items():
            yield section, key
            yield from below(described, key)
        for word, described in part.items():
            yield from below(described, section) if word != "properties" else ()
        named = part.get("$ref"), section
        if named[0] and named not in seen:
            seen.add(named)
            yield from below(defined[named[0].rpartition("/")[2]], section)

    return {found for found in below(schema, "") if found[1] not in LANGUAGES}


@cache
def words_of_code() -> list[set[str]]:
    """The words of each guide that stand in code: in a span, or as keys in a block of YAML."""
    texts = [page.read_text("utf-8") for page in GUIDES]
    blocks = [[code for _, language, code in FENCE.findall(text) if language != "sh"] for text in texts]
    spans = [SPAN.findall(prose(text)) for text in texts]
    return [set(re.findall(r"[\w-]+", " ".join(each))) for each in map(list.__add__, blocks, spans)]


def wordless(keys: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The keys that no page names beside their section."""
    return {
        (section, key)
        for section, key in keys
        if not any({key, section or key} <= words for words in words_of_code())
    }


@pytest.mark.parametrize("file", SCHEMAS)
def test_every_key_of_a_file_is_named_on_a_page_beside_its_section(file: str) -> None:
    assert wordless(keys_of(file)) == set(), (
        "say what it is for on the page of docs/ that is about its section"
    )


def test_a_key_that_no_page_names_is_found() -> None:
    assert {("", "listen"), ("retention", "looks"), ("jamf", "webhook"), ("webhook", "api_key")} <= keys_of(
        "settings"
    )
    assert wordless({("retention", "looks"), ("retention", "stars")}) == {("retention", "stars")}
