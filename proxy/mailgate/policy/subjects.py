"""The subject of a change of the rules (``policy/changes.py``), in words."""

from mailgate.model.phrase import phrase


def subject_in_words(about: str) -> str:
    """A subject in words: `rule ID`, `app KEY`, `list NAME` or `default`."""
    noun, _, name = about.partition(" ")
    told = {"rule": _named_rule, "app": _named_app, "list": _named_list}.get(noun) if name else None
    return told(name) if told else about


def _named_rule(name: str) -> str:
    return phrase("rule %(name)s", name=name)


def _named_app(name: str) -> str:
    return phrase("app %(name)s", name=name)


def _named_list(name: str) -> str:
    return phrase("list %(name)s", name=name)
