"""The shared nouns."""

import re
from enum import StrEnum

import pytest

from mailgate import model
from mailgate.model import (
    Assurance,
    Client,
    Effect,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
)

WORDS = [kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_a_kebab_case_word_and_named_like_it(reason):
    """The same word in log, header, page, metric and test."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", reason.value)
    assert reason.name == reason.value.upper().replace("-", "_")


@pytest.mark.parametrize("words", WORDS)
def test_no_two_members_share_a_word(words):
    assert len({member.value for member in words}) == len(words.__members__)


def test_assurance_stands_weakest_first_and_effects_mildest_first():
    assert list(Assurance) == ["claimed", "consistent", "attested"]
    assert list(Effect) == ["allow", "warn", "challenge", "block"]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/a%2Fb?c=%3F", "/a%2Fb", "c=%3F"),
        ("/a?b?c", "/a", "b?c"),
        ("/a?", "/a", ""),
        ("*", "*", ""),
    ],
)
def test_path_and_query_are_split_and_never_decoded(target, path, query):
    facts = RequestFacts(target=target)
    assert (facts.path, facts.query) == (path, query)


def test_a_missing_user_agent_is_empty():
    assert RequestFacts().user_agent == ""
    assert RequestFacts(headers={"user-agent": "x"}).user_agent == "x"


@pytest.mark.parametrize("reason", Reason)
def test_only_a_contradiction_of_kinds_contradicts(reason):
    client = Client(Kind.PHONE, handheld=True, findings=(Finding(reason, ""),))
    assert client.contradicted is (reason is Reason.KIND_CONTRADICTED)


def test_a_device_of_which_nothing_is_known_is_missing_not_clean():
    assert Posture().state is PostureState.MISSING
