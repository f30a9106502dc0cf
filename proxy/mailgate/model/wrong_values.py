"""Errors about values in files and forms, in words that can be translated."""

from pydantic_core import ErrorDetails, PydanticCustomError


def wrong_value(kind: str, words: str, **more: object) -> PydanticCustomError:
    """Make the error of a validator. ``more`` is further context: ``key``, if the error is about a key below the
    value."""
    return PydanticCustomError(kind, "{words}", {"words": words, **more})


def words_of(error: ErrorDetails) -> str:
    """The message of an error, as a phrase if ``wrong_value`` made it from one."""
    words: str = error.get("ctx", {}).get("words", error["msg"])
    return words
