"""Policies are read anew and their versions kept for as long as a device has them."""

import json

import pytest
from tests.exchanges import VECTORS
from tests.unit.connectors.around import CATALOG, answer, client_of, ends_in, runtime
from tests.unit.connectors.run_store import PolicyShelf

from mailgate.connectors import Setup, SourceError, Trouble, android_policy_versions
from mailgate.connectors.android_policy_versions import ReadPolicies
from mailgate.wire import ApiResponse

COPE = json.loads((VECTORS / "android-management/cope.json").read_text())
NAME = "enterprises/E/policies/cope"


class Policies:
    """The policies of an enterprise, each in its current version; 0 if there is none."""

    def __init__(self, **versions):
        self.now = versions
        self.asked = []

    async def ask(self, question):
        name = question.url.partition("/policies/")[2].partition("?")[0]
        self.asked.append(name)
        version = self.now[name]
        if isinstance(version, SourceError):
            raise version
        found = answer(COPE["policy"] | {"version": str(version), "openNetworkConfiguration": {}})
        return found if version else ApiResponse(404, {}, b"{}")

    async def close(self):
        """Nothing is open."""


def phone(applied="12", policy="cope", **more):
    return {
        "ownership": "COMPANY_OWNED",
        "appliedPolicyName": f"enterprises/E/policies/{policy}",
        "appliedPolicyVersion": applied,
    } | more


@pytest.fixture
def shelf():
    return PolicyShelf()


@pytest.fixture
def reading(shelf):
    """The policies that are read in a run of their own from this API."""

    def begun(api):
        setup = Setup("mdm", CATALOG, runtime(), policies=shelf)
        return ReadPolicies(setup, client_of(api, "https://google.example.com"), "E")

    return begun


async def run(policies, *devices):
    for device in devices:
        await policies.learn(device)
    changed = await policies.read_again()
    await policies.keep_needed()
    return changed


async def test_a_policy_is_read_when_it_is_first_seen_and_at_the_end(reading):
    api = Policies(cope=12, open=3)
    policies = reading(api)
    assert await run(policies, phone(), phone(), phone("3", "open")) == set()
    assert api.asked == ["cope", "open", "cope", "open"]
    assert [*policies.versions(NAME)] == [12]


async def test_a_policy_that_was_changed_meanwhile_is_told(reading):
    api = Policies(cope=12, open=3)
    policies = reading(api)
    await policies.learn(phone())
    await policies.learn(phone("3", "open"))
    api.now["cope"] = 13
    assert await policies.read_again() == {NAME}
    assert sorted(policies.versions(NAME)) == [12, 13]
    api.now["cope"] = 0
    assert await policies.read_again() == {NAME}
    assert policies.versions(NAME) == {}


async def test_versions_are_kept_until_no_device_has_them_or_an_older_one(reading, shelf):
    for current, applied, kept in [
        (11, "11", {11}),
        (12, "11", {11, 12}),
        (13, "11", {11, 12, 13}),
        (13, "12", {12, 13}),
    ]:
        await run(reading(Policies(cope=current)), phone(applied), phone("13"))
        assert set(shelf.kept["mdm", NAME]) == kept
    assert all("openNetworkConfiguration" not in text for text in shelf.kept["mdm", NAME].values())
    await run(reading(Policies(open=1)), phone("1", "open"))
    assert [*shelf.kept] == [("mdm", "enterprises/E/policies/open")]


async def test_a_policy_that_was_made_anew_has_no_older_versions(reading):
    await run(reading(Policies(cope=12)), phone("12"))
    policies = reading(Policies(cope=1))
    await run(policies, phone("12"))
    assert [*policies.versions(NAME)] == [1]


async def test_a_policy_that_was_made_anew_and_counts_as_far_has_no_older_versions(reading, shelf):
    await run(reading(Policies(cope=11)), phone("11"))
    await run(reading(Policies(cope=12)), phone("11"))
    shelf.kept["mdm", NAME][12] = '{"version":"12","playStoreMode":"BLACKLIST"}'
    policies = reading(Policies(cope=12))
    await run(policies, phone("12"))
    assert [(each.number, each.play_store_mode) for each in policies.versions(NAME).values()] == [(12, "")]


@pytest.mark.parametrize(
    "device",
    [
        phone(ownership="PERSONALLY_OWNED"),
        phone(appliedPolicyName="enterprises/other/policies/cope"),
        phone(appliedPolicyName="cope"),
        phone(appliedPolicyName=None),
        {},
    ],
)
async def test_no_policy_is_read_that_can_prove_nothing(reading, device):
    api = Policies(cope=12)
    await run(reading(api), device)
    assert api.asked == []


async def test_a_single_device_is_stored_with_its_new_version_alone(reading, shelf):
    await run(reading(Policies(cope=12)), phone())
    for applied, asked in [("12", []), ("13", ["cope"])]:
        api = Policies(cope=13)
        policies = reading(api)
        await policies.learn(phone(applied), anew=False)
        await policies.keep_new()
        assert api.asked == asked
    assert set(shelf.kept["mdm", NAME]) == {12, 13}


async def test_a_failure_leaves_the_stored_versions(reading):
    await run(reading(Policies(cope=12)), phone())
    policies = reading(Policies(cope=SourceError(Trouble.TOO_BIG)))
    with ends_in(Trouble.TOO_BIG):
        await policies.learn(phone("13"), anew=False)
    assert [*policies.versions(NAME)] == [12]


async def test_no_more_policies_are_read_than_the_limit(reading, shelf, monkeypatch):
    monkeypatch.setattr(android_policy_versions, "MAX_POLICIES", 2)
    api = Policies(a=1, b=5, c=1)
    policies = reading(api)
    await run(policies, phone("1", "a"), phone("5", "b"), phone("1", "c"))
    assert api.asked == ["a", "b", "a", "b"]
    assert policies.versions("enterprises/E/policies/c") == {}
    api.now = {"a": 2, "b": 6}
    await run(reading(api), phone("1", "a"), phone("5", "b"))
    assert sum(map(len, shelf.kept.values())) == 2
