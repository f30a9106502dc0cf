"""What came of reading a source, in words."""

from mailgate.connectors.run import Outcome


def came_of(outcome: Outcome) -> str:
    """What was taken, and what is gone."""
    words = [f"{outcome.taken} records", *(["everything was read"] if outcome.full else [])]
    words += [f"{outcome.gone} devices are gone"] if outcome.gone else []
    return ", ".join(words)
