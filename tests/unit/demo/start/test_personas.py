"""The personas of the start page: each gets from the demo's rules what its card says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.gate import PHONE_RULES, write_config

from mailgate.app.open_store import open_store
from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeReadings, examine
from mailgate.config import compile_rules, load_bundle
from mailgate.demo.company.history import with_one_more
from mailgate.demo.settings import soon
from mailgate.demo.start.personas import EXEMPTED, PERSONAS, Persona, exempt_persona, login_of
from mailgate.model import Access, Kind, Posture, PostureState, RequestFacts
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Relief

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[4] / "config"


def rules():
    texts = {str(path.relative_to(CONFIG)): path.read_text() for path in CONFIG.glob("lists/*.yaml")}
    texts |= {"apps.yaml": (CONFIG / "apps.yaml").read_text()}
    texts |= {"policy.yaml": with_one_more((CONFIG / "policy.yaml").read_text(), soon(NOW))}
    return compile_rules(texts).policy


@pytest.mark.parametrize(
    "persona", [each for each in PERSONAS if each.readings is None], ids=lambda each: each.key
)
def test_the_card_of_a_phone_says_what_the_rules_do(persona: Persona) -> None:
    policy, device = rules(), persona.device
    facts = RequestFacts(headers={"user-agent": persona.agent})
    client = classify(facts)
    assert client.kind is Kind.PHONE
    apps = device.apps if device else ()
    lists = tuple(name for name, keys in policy.catalog.lists.items() if set(apps) & set(keys))
    listed = PostureState.LISTED
    state = PostureState.MISSING if device is None else listed if apps else PostureState.CLEAN
    access = Access(facts, client, Posture(state, apps=apps, lists=lists), NOW)
    expected = "block" if persona.key == EXEMPTED else persona.effect
    assert decide(access, policy).effect == expected


FORMS = {"laptop": "desktop", "ipad": "tablet"}


@pytest.mark.parametrize("persona", [each for each in PERSONAS if each.readings], ids=lambda each: each.key)
def test_the_ipad_claims_to_be_a_mac_and_the_probe_finds_it(persona: Persona) -> None:
    assert persona.readings
    assert classify(RequestFacts(headers={"user-agent": persona.agent})).kind is Kind.LAPTOP
    assert examine(ProbeReadings(**persona.readings), "macos").form == FORMS[persona.key]


def test_no_two_have_one_address_or_one_device() -> None:
    assert len({each.key for each in PERSONAS}) == len(PERSONAS)
    devices = [each.device for each in PERSONAS if each.device]
    assert len({each.subject for each in devices}) == len({each.user for each in devices}) == len(devices)


DAY = timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, "http://127.0.0.1:9", {}, PHONE_RULES)


async def exemptions(config: Path, now: datetime) -> list[Relief]:
    store = await open_store(config, load_bundle(config).settings)
    try:
        return list((await store.reliefs.current(now)).exemptions(now))
    finally:
        await store.close()


async def test_the_persona_is_exempt_from_every_rule_for_three_days(config: Path) -> None:
    await exempt_persona(config, NOW)
    (given,) = await exemptions(config, NOW)
    assert (given.person, given.device, given.rule, given.until) == (
        login_of(EXEMPTED), "", "", NOW + 3 * DAY,
    )  # fmt: skip
    assert given.why


async def test_a_persona_is_exempted_again_only_after_the_end(config: Path) -> None:
    for at in (NOW, NOW + 2 * DAY):
        await exempt_persona(config, at)
    assert [each.until for each in await exemptions(config, NOW + 2 * DAY)] == [NOW + 3 * DAY]
    await exempt_persona(config, NOW + 3 * DAY)
    assert [each.until for each in await exemptions(config, NOW + 3 * DAY)] == [NOW + 6 * DAY]
