"""The parts of a company's files that the views read."""

from types import SimpleNamespace
from typing import Any

from tests.unit.store.examples import CATALOG, TERMS

from mailgate.config.settings import RetentionSettings
from mailgate.policy import Policy
from mailgate.policy.people import NO_GROUPS, Logins
from mailgate.policy.reliefs import Relief, Reliefs
from mailgate.policy.rules import PolicyFile, policy_context

BANNED = {"id": "banned", "when": '"prohibited" in device.lists', "effect": "block"}
UNSEEN = {"id": "unseen", "when": 'device.state in ["stale", "missing"]', "effect": "challenge"}
OPEN = {"id": "open", "when": "true", "effect": "allow"}


def bundle(*rules: object, exempt: tuple[Relief, ...] = (), domain: str = "example.com") -> Any:
    """These rules, or rules that let only clean devices in, and the company's mail domain."""
    stated = {"rules": rules or (BANNED, UNSEEN, OPEN)}
    file = PolicyFile.model_validate(stated, context=policy_context(CATALOG))
    settings = SimpleNamespace(
        posture=SimpleNamespace(precedence=()),
        logins=Logins.of(["corp"]),
        notices=SimpleNamespace(domain=domain) if domain else None,
        activesync=SimpleNamespace(quarantine_mail=None),
        retention=RetentionSettings(),
        connectors={},
        attestation=SimpleNamespace(issuers=()),
    )
    policy = Policy(file.rules, file.default, CATALOG, reliefs=Reliefs(len(exempt), exempt))
    return SimpleNamespace(policy=policy, settings=settings, groups=NO_GROUPS, posture_terms=TERMS)
