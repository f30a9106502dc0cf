"""Finds similar names, for typing mistakes."""

from collections.abc import Iterable
from difflib import get_close_matches

from mailgate.model.phrase import code, joined, phrase


def quoted(words: Iterable[str], most: int = 12) -> str:
    """The words in order, each in backquotes, at most ``most`` of them."""
    ordered = list(words)
    shown = joined(map(code, ordered[:most]))
    return (
        phrase("%(shown)s, … (%(count)s in all)", shown=shown, count=len(ordered))
        if len(ordered) > most
        else shown
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    by_folded = {each.casefold().replace("-", "_"): each for each in known}
    close = get_close_matches(word.casefold().replace("-", "_"), by_folded)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The list of known words, after ``did you mean `x`?`` if one of them is similar."""
    known = list(known)
    near = nearest(word, known)
    if not known:
        return phrase("nothing is defined that could be used here")
    options = phrase("expected one of %(known)s", known=quoted(known))
    return phrase("did you mean `%(near)s`? %(options)s", near=near, options=options) if near else options
