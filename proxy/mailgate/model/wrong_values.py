"""Errors about values that people write, in words that can be said in another language."""

from pydantic_core import ErrorDetails, PydanticCustomError


def wrong(kind: str, words: str, **more: object) -> PydanticCustomError:
    """The error of a validator. ``more`` is what else it says of the place: ``key``, for one that lies below the value."""
    return PydanticCustomError(kind, "{words}", {"words": words, **more})


def words_of(error: ErrorDetails) -> str:
    """What an error says: a phrase where it was made by ``wrong`` of one."""
    words: str = error.get("ctx", {}).get("words", error["msg"])
    return words
