from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mailgate.classify import classify
from mailgate.model import Client, RequestFacts

VECTORS = Path(__file__).parents[2] / "vectors" / "clients.yaml"

Ask = Callable[..., Client]


@pytest.fixture(scope="session")
def labelled() -> dict[str, list[str]]:
    """The user agents of ``tests/vectors/clients.yaml`` by the form that a person gives them."""
    loaded: dict[str, list[str]] = YAML(typ="safe").load(VECTORS.read_text())
    return loaded


@pytest.fixture
def ask() -> Ask:
    """Classifies a user agent with further headers (underscores for hyphens)."""

    def ask(user_agent: str = "", target: str = "/", method: str = "GET", **headers: str) -> Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return classify(RequestFacts(method, target, headers={"user-agent": user_agent, **named}))

    return ask
