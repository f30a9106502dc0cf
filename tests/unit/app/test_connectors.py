"""What connectors bring gets into the store, and how they fare is told."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from tests.unit.connectors.around import CATALOG, NOW, settings_of
from tests.unit.connectors.test_jamf import VALUES
from tests.unit.store.outage import cut_off

from mailgate.app.connectors import ConnectorStore, ConnectorSyncs, runner_for, tools
from mailgate.config.sources.apis import AppleMdmSettings, JamfSettings
from mailgate.config.sources.line import PostSettings
from mailgate.connectors.jamf import Jamf
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import CheckResult, Client, Kind, PostureState, SourceState
from mailgate.model.device import PostureTerms
from mailgate.policy.people import NO_LOGINS, Logins
from mailgate.tasks import end

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bundle():
    jamf = settings_of(JamfSettings, VALUES, client_secret="s")
    settings = SimpleNamespace(connectors={"mdm": jamf}, logins=NO_LOGINS)
    return SimpleNamespace(settings=settings, policy=SimpleNamespace(catalog=CATALOG))


@pytest.fixture
def postures():
    """What is known of devices, as far as it is told of sources."""
    return SimpleNamespace(terms=PostureTerms(MINUTE, timedelta(hours=8)))


@pytest.fixture
def syncing(store, bundle, postures):
    """Connectors that were not started."""
    return ConnectorSyncs(store, lambda: bundle, postures, CollectorRegistry())


@pytest.fixture
def push(bundle):
    """A source that posts, named so in the settings."""
    bundle.settings.connectors["push"] = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")


async def test_taken_reports_and_states_are_stored(store):
    run_store = ConnectorStore(store)
    await run_store.take([report_by("mdm", "1"), report_by("mdm", "2")])
    assert [page async for page in run_store.devices("mdm")] == [["1", "2"]]
    await run_store.note(SourceState("mdm", last_success=NOW))
    assert (await run_store.states())["mdm"].last_success == NOW


async def test_two_gates_are_two_holders(store):
    one, other = ConnectorStore(store), ConnectorStore(store)
    assert await one.claim("mdm", MINUTE)
    assert not await other.claim("mdm", MINUTE)
    await one.release("mdm")
    assert await other.claim("mdm", MINUTE)


@pytest.mark.parametrize(
    "asking",
    [
        lambda run_store: run_store.states(),
        lambda run_store: run_store.take([report_by("mdm", "1")]),
        lambda run_store: run_store.claim("mdm", MINUTE),
    ],
    ids=["states", "take", "claim"],
)
async def test_a_store_that_is_away_is_a_trouble_that_connectors_know(store, monkeypatch, asking):
    cut_off(store, monkeypatch)
    with pytest.raises(SourceError) as caught:
        await asking(ConnectorStore(store))
    assert caught.value.trouble is Trouble.STORE


async def test_a_connector_is_made_from_the_files_in_force(store, bundle):
    runner = runner_for(store, lambda: bundle, CollectorRegistry())
    made = runner.make("mdm", bundle.settings.connectors["mdm"], tools())
    assert isinstance(made, Jamf)
    await made.close()


async def test_postures_are_told_which_sources_fail(store, syncing, postures):
    long_ago = NOW - timedelta(days=400)
    await store.connectors.note(
        SourceState("mdm", failing_since=long_ago, last_attempt=tools().now(), trouble="timeout")
    )
    task = asyncio.ensure_future(syncing.scheduler.run())
    while not postures.terms.away:
        await asyncio.sleep(0)
    await end(task)
    assert postures.terms.away == {"mdm": long_ago + timedelta(seconds=5)}
    assert syncing.health()["mdm"].state == "unavailable"


async def test_only_a_source_of_the_settings_can_be_asked_again(syncing):
    assert await syncing.check_again("https://issuer.example.com", "1") is CheckResult.CANNOT


def test_only_a_source_that_posts_has_an_intake(syncing, push):
    assert syncing.intake("mdm") is None
    assert syncing.intake("nobody") is None
    assert syncing.intake("push").key == "hunter2"


def test_a_source_that_is_asked_may_call_as_well(syncing, bundle):
    apple = settings_of(AppleMdmSettings, {"type": "apple-mdm"}, hmac_key="hunter2")
    bundle.settings.connectors["apple"] = apple
    intake = syncing.intake("apple")
    assert (intake.key, intake.most) == ("", apple.post_bytes)
    assert intake.proof is syncing.intake("apple").proof is not None
    assert not apple.scheduled(), "there is nobody to ask"


async def test_a_posted_report_counts_at_once_and_is_noted(store, bundle, push):
    postures = store.postures(CATALOG, PostureTerms(MINUTE))
    syncing = ConnectorSyncs(store, lambda: bundle, postures, CollectorRegistry())
    client, now = Client(Kind.MAIL_APP, handheld=True, eas_id="9LS7K2G83D1KVEXAMPLE01"), tools().now()
    assert (await postures.current(client, None, now)).state is PostureState.MISSING
    line = f'{{"id": "1", "eas_ids": ["9LS7K2G83D1KVEXAMPLE01"], "apps": ["TikTok"], "reported_at": "{now.isoformat()}"}}\n'
    assert await syncing.intake("push").take({}, line.encode() + b'{"id": "2", "gone": true}\n') == 2
    known = await postures.latest(client, None, now)
    assert (known.state, known.lists) == (PostureState.PARTIAL, ("prohibited",)), (
        "a line that does not say it is whole"
    )
    state = (await store.connectors.states())["push"]
    assert (state.taken, state.gone, state.trouble, state.last_full) == (2, 1, "", None)


async def test_the_owner_of_a_device_is_the_person_whom_the_source_names(store):
    run_store = ConnectorStore(store, lambda: Logins.of(["EXAMPLE", "example.com"]))
    owners = ("EXAMPLE\\ada", "ada@example.com", "OTHER\\ada")
    await run_store.take([report_by("mdm", str(number), owner=owner) for number, owner in enumerate(owners)])
    assert len(await store.devices.owned("ada")) == 2
    assert len(await store.devices.owned("OTHER\\ada")) == 1
