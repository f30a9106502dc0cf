"""One decision with everything that led to it."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.gateway.gates import NOW, policy

from mailgate.classify import classify
from mailgate.console.explain.facts import explanation, plain
from mailgate.model import Access, CertificateResult, Posture, RequestFacts
from mailgate.policy.decide import decide


def access(path: str = "/block") -> Access:
    facts = RequestFacts(
        target=path, headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"}
    )
    certificate = (
        CertificateResult("thumb", chain=(b"secret",)) if "chain" in CertificateResult.__slots__ else None
    )
    return Access(facts, classify(facts), Posture(), NOW, certificate=certificate)


def test_rules_are_listed_as_tried_with_what_they_saw() -> None:
    asked, rules = access("/warn"), policy()
    told = explanation(asked, decide(asked, rules), rules)
    tried = [(each.rule, each.matched) for each in told.rules]
    assert tried == [("rehearsed", False), ("open", False), ("soon", True)]
    assert told.rules[0].values == {"request.path": "/warn"}
    assert told.not_reached == ["prove", "closed"]
    assert (told.decision.effect, told.decision.rule) == ("warn", "soon")


def test_the_certificates_themselves_are_not_told() -> None:
    asked, rules = access(), policy()
    told = explanation(asked, decide(asked, rules), rules)
    assert "secret" not in repr(told)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-12-01T00:00:00+00:00"),
        (timedelta(minutes=1), 60.0),
        (frozenset({"b", "a"}), ["a", "b"]),
        (b"x", "b'x'"),
    ],
)
def test_values_without_a_json_form_are_made_plain(value: object, told: object) -> None:
    assert plain(value) == told
