"""A small policy and its people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mailgate.model import Access, Client, Kind, Posture, PostureState, RequestFacts, User
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.policy.rules import Policy, PolicyFile, policy_context

NOW = datetime(2026, 12, 10, tzinfo=UTC)
CATALOG = AppCatalog(
    {"tiktok": ListedApp("tiktok", "TikTok"), "wechat": ListedApp("wechat", "WeChat")},
    {"prohibited": ("tiktok",), "tencent": ("wechat",)},
)
LAPTOP = Client(Kind.LAPTOP, handheld=False)
PHONE = Client(Kind.PHONE, handheld=True)
CLEAN = Posture(PostureState.CLEAN, reported_at=NOW)
WITH_TIKTOK = Posture(
    PostureState.LISTED, apps=("tiktok",), lists=("prohibited",), device_id="d1", reported_at=NOW
)


def policy_of(*rules: Mapping[str, Any], **default: Any) -> Policy:
    """A policy of rules in the form of the file; by default ``when`` is true and ``effect`` is block."""
    written = tuple(
        {"id": f"rule-{n}", "when": "true", "effect": "block"} | rule for n, rule in enumerate(rules)
    )
    file = PolicyFile.model_validate({"rules": written, "default": default}, context=policy_context(CATALOG))
    return Policy(file.rules, file.default, CATALOG)


def access(
    client: Client = PHONE, posture: Posture = CLEAN, user: str = "", now: datetime = NOW, **more: Any
) -> Access:
    return Access(RequestFacts(), client, posture, now, User(user), **more)


def refusal(form: Any, written: object, context: object = None) -> tuple[str, dict[str, Any]]:
    """The kind of the only error about what is written, and what it says."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(form).validate_python(written, context=context)
    [error] = caught.value.errors()
    return error["type"], error["ctx"]
