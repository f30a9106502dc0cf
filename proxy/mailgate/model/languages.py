"""The languages for people: pages, mails, the texts of rules, and the browser extension."""

from typing import Literal, get_args

Tag = Literal["en", "ar", "de", "es", "fr", "ja", "pt-BR", "zh-Hans"]
"""All languages, by tag (BCP 47). A new language needs a tag here and its catalogs; tests name the catalogs that are
missing."""
TAGS: tuple[str, ...] = get_args(Tag)
SOURCE = "en"
"""The language of the texts in the code. It needs no catalog of the pages."""


def primary(tag: str) -> str:
    """The language of a tag, without its script and region."""
    return tag.lower().partition("-")[0]


LANGUAGES = tuple(primary(tag) for tag in TAGS)
"""The languages as settings and policies name them."""
