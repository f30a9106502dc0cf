"""Finds similar names, for typing mistakes."""

from collections.abc import Iterable
from difflib import get_close_matches


def quoted(words: Iterable[str], most: int = 12) -> str:
    """The words in order, each in backquotes, at most ``most`` of them."""
    ordered = list(words)
    shown = ", ".join(f"`{word}`" for word in ordered[:most])
    return f"{shown}, … ({len(ordered)} in all)" if len(ordered) > most else shown


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    by_folded = {each.casefold().replace("-", "_"): each for each in known}
    close = get_close_matches(word.casefold().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def expected(word: str, known: Iterable[str]) -> str:
    """``did you mean `x`?`` if a known word is similar; otherwise the list of known words."""
    known = list(known)
    near = nearest(word, known)
    options = f"expected one of {quoted(known)}" if known else "nothing is defined that could stand here"
    return f"did you mean `{near}`? {options}" if near else options
