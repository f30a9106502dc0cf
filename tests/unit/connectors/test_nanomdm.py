import plistlib
from uuid import UUID

import pytest
from tests.unit.connectors.around import CATALOG, Scripted, answer, client_of, ends_in

from mailgate.connectors import Trouble
from mailgate.connectors.nanomdm import OwnCommands, ask_devices, listed_identifiers
from mailgate.policy import AppCatalog, ListedApp
from mailgate.wire import ApiResponse

BASE = "https://mdm.example.com"
TIKTOK = ListedApp("tiktok", "TikTok", ios=("com.b", "com.a"))


def taken(*ids, **more):
    status = {each: {"push_result": "x"} for each in ids}
    return answer({"status": status, "command_uuid": "x"} | more)


def asking(*answers):
    wire = Scripted(*answers)
    return client_of(wire, BASE), wire


def test_only_listed_apps_are_asked_for():
    assert listed_identifiers(AppCatalog({"tiktok": TIKTOK}, {})) == ["com.a", "com.b"]


def test_an_app_that_has_only_a_name_is_looked_for_among_all():
    assert listed_identifiers(CATALOG) is None


async def test_every_device_is_asked_what_it_is_and_what_is_on_it():
    client, wire = asking(taken(), taken("a", "b"))
    await ask_devices(client, ["a", "b/c"], OwnCommands("k", ["com.a"]), ["com.a"])
    first, second = wire.questions
    assert first.url == f"{BASE}/v1/enqueue/a,b%2Fc?nopush=1"
    assert second.url == f"{BASE}/v1/enqueue/a,b%2Fc"
    assert plistlib.loads(first.body)["Command"]["RequestType"] == "DeviceInformation"
    assert plistlib.loads(second.body)["Command"] == {
        "RequestType": "InstalledApplicationList",
        "ManagedAppsOnly": False,
        "Identifiers": ["com.a"],
        "Items": ["Identifier", "Name"],
    }
    assert OwnCommands("k", ["com.a"]).made(plistlib.loads(second.body)["CommandUUID"])


async def test_many_devices_are_asked_a_part_at_a_time():
    client, wire = asking(*[taken()] * 6)
    await ask_devices(client, map(str, range(120)), OwnCommands("k", None), None)
    assert [question.url.count(",") + 1 for question in wire.questions] == [50, 50, 50, 50, 20, 20]


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ({"command_error": "no"}, Trouble.STATUS),
        ({"status": {"a": {"command_error": "no such enrollment"}}}, Trouble.STATUS),
        ({"command_uuid": None}, Trouble.SHAPE),
    ],
    ids=["by the server", "for one device", "without a name"],
)
async def test_a_command_that_was_not_taken_is_no_success(said, trouble):
    client, _ = asking(taken("a", **said))
    with ends_in(trouble):
        await ask_devices(client, ["a"], OwnCommands("k", None), None)


async def test_a_device_that_nanomdm_knows_no_longer_keeps_no_other_from_being_asked():
    asked = []

    class Strict:
        """It takes a command for all of its devices or for none, as NanoMDM on MySQL does."""

        async def ask(self, question):
            path = question.url.partition("/v1/enqueue/")[2]
            ids = path.removesuffix("?nopush=1").split(",")
            if "gone" in ids:
                return ApiResponse(500, {}, b'{"command_error": "no such enrollment"}')
            asked.extend([] if "nopush" in path else ids)
            return taken(*ids)

        async def close(self):
            """Nothing is open."""

    client = client_of(Strict(), BASE)
    devices = [str(number) for number in range(7)]
    await ask_devices(client, ["gone", *devices], OwnCommands("k", None), None)
    assert sorted(asked) == devices
    with ends_in(Trouble.STATUS):
        await ask_devices(client, ["gone"], OwnCommands("k", None), None)


async def test_a_push_that_failed_is_none_of_ours():
    """The command waits for the device, so that no half of the devices is asked again, and nothing is refused."""
    answer = taken(status={each: {"push_error": "BadDeviceToken"} for each in "ab"})
    client, wire = asking(answer, answer)
    await ask_devices(client, ["a", "b"], OwnCommands("k", None), None)
    asked = [plistlib.loads(each.body)["Command"]["RequestType"] for each in wire.questions]
    assert asked == ["DeviceInformation", "InstalledApplicationList"]


def test_an_answer_to_our_own_question_is_known_again():
    commands = OwnCommands("k", ["com.a"])
    name = commands.name()
    assert commands.made(name)
    assert commands.made(name.lower())
    assert commands.name() != name


@pytest.mark.parametrize(
    "other",
    [OwnCommands("l", ["com.a"]), OwnCommands("k", ["com.a", "com.b"]), OwnCommands("k", None)],
    ids=["by another key", "for more apps", "for all apps"],
)
def test_a_question_for_other_apps_or_by_another_key_is_not(other):
    assert not other.made(OwnCommands("k", ["com.a"]).name())


@pytest.mark.parametrize("name", ["", "x", str(UUID(int=0)), "D0B5F3F1-3C8A-4F0E-9C11-000000000001"])
def test_a_strangers_question_is_not(name):
    assert not OwnCommands("k", None).made(name)
