from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mailgate.classify import classify
from mailgate.model import Client, RequestFacts

VECTORS = Path(__file__).parents[2] / "vectors"

Ask = Callable[..., Client]


@pytest.fixture(scope="session")
def labelled() -> dict[str, list[str]]:
    """The user agents of ``tests/vectors/clients.yaml`` by the form that a person has assigned."""
    loaded: dict[str, list[str]] = YAML(typ="safe").load((VECTORS / "clients.yaml").read_text())
    return loaded


@pytest.fixture(scope="session")
def hinted() -> dict[str, list[dict[str, str]]]:
    """The headers of ``tests/vectors/hinted.yaml`` by the form that a person has assigned."""
    loaded: dict[str, list[dict[str, str]]] = YAML(typ="safe").load((VECTORS / "hinted.yaml").read_text())
    return loaded


@pytest.fixture
def ask() -> Ask:
    """Classifies a user agent with further headers (underscores for hyphens)."""

    def ask(user_agent: str = "", target: str = "/", method: str = "GET", **headers: str) -> Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return classify(RequestFacts(method, target, headers={"user-agent": user_agent, **named}))

    return ask
