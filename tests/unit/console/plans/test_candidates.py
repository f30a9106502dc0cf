"""Which rules somebody wants planned."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.rollout.versions import altered, in_force_in_turn
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url

from mailgate.console.plans.candidates import candidate_for
from mailgate.console.policy.versions import NoVersionError
from mailgate.store import AlteredError, Store


async def test_rules_to_plan_come_from_files_a_text_or_a_version(store: Store, url: str) -> None:
    await in_force_in_turn(store, OPEN, SHUT)
    context: Any = SimpleNamespace(store=store, candidate=lambda text: rules(text or OPEN))
    assert (await candidate_for(context, None, None)).digest == rules(OPEN).digest
    assert (await candidate_for(context, SHUT, None)).digest == rules(SHUT).digest
    assert (await candidate_for(context, None, 2)).digest == rules(SHUT).digest
    with pytest.raises(NoVersionError):
        await candidate_for(context, None, 9)
    with altered(url, "policies", "texts", "{}", "number = 2"), pytest.raises(AlteredError):
        await candidate_for(context, None, 2)
