"""``mailgate enroll``: what is printed once, what is kept, and what a revocation says."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.stored_bytes import stored_bytes
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import IN_CONFIG, in_store
from tests.unit.cli.test_devices import acts
from tests.unit.cli.test_devices import admins_ada_and_vic as admins_ada_and_vic
from tests.unit.cli.test_devices import folder as folder

from mailgate.cli.options import system_user
from mailgate.store import EnrolledKey, EnrolmentToken, NotEnrolled, Store
from mailgate.store.enrolments import digest_of

run = partial(call, "enroll")


def enrol(text: str, key: str = "K" * 43) -> EnrolledKey | NotEnrolled:
    """A device that shows a token to a gate."""

    async def shown(store: Store) -> EnrolledKey | NotEnrolled:
        return await store.enrolments.enrol(digest_of(text), key, f"enrolled-{key[:4]}", datetime.now(UTC))

    return in_store(shown, IN_CONFIG)


def add(text: str, token: EnrolmentToken) -> None:
    async def added(store: Store) -> None:
        await store.enrolments.add(digest_of(text), token)

    in_store(added, IN_CONFIG)


def listed() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(run("list", "--json").stdout)
    return found


def test_a_token_is_printed_once_and_kept_nowhere() -> None:
    printed = run("token", "--user", "ada@example.com").stdout.strip()
    assert printed.startswith("mailgate-enrol-")
    assert printed not in run("list").stdout + run("list", "--json").stdout
    kept = stored_bytes(Path("config/var"))
    assert b"ada@example.com" in kept
    assert printed.encode() not in kept
    enrolled = enrol(printed)
    assert isinstance(enrolled, EnrolledKey)
    assert enrolled.owner == "ada@example.com"


def test_json_says_what_was_made() -> None:
    told = json.loads(run("token", "--uses", "3", "--expires", "24h", "--note", "demo", "--json").stdout)
    assert (told["uses_left"], told["note"], told["owner"]) == (3, "demo", "")
    lives = datetime.fromisoformat(told["expires_at"]) - datetime.fromisoformat(told["made_at"])
    assert lives == timedelta(hours=24)
    assert told["token"].startswith("mailgate-enrol-")


def test_a_code_is_good_for_one_device_and_ten_minutes() -> None:
    told = json.loads(run("code", "--json").stdout)
    assert len(told["token"]) == 9
    lives = datetime.fromisoformat(told["expires_at"]) - datetime.fromisoformat(told["made_at"])
    assert lives == timedelta(minutes=10)
    assert isinstance(enrol(told["token"].lower().replace("-", " ")), EnrolledKey)
    assert enrol(told["token"], "L" * 43) is NotEnrolled.USED_UP


@pytest.mark.parametrize("option", [("--expires", "soon"), ("--uses", "0")])
def test_an_option_that_means_nothing_is_refused(option: tuple[str, str]) -> None:
    done = run("token", *option)
    assert done.exit_code == 2
    assert option[0] in done.stderr


def test_an_empty_list_says_so() -> None:
    assert "No token was made" in run("list").stdout
    assert listed() == {"tokens": [], "keys": [], "shut": []}


def test_the_list_shows_tokens_and_keys_without_steering_the_terminal() -> None:
    # as it may have been stored from elsewhere: the command itself takes no such name
    made = EnrolmentToken(
        "token-1", "ada\x1b[2J", "", 2, datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)
    )
    add("let me in", made)
    enrol("let me in")
    shown = run("list").stdout
    assert "enrolled-KKKK" in shown
    assert "\x1b" not in shown
    assert [(key["device"], key["revoked_at"]) for key in listed()["keys"]] == [("enrolled-KKKK", None)]
    assert [token["uses_left"] for token in listed()["tokens"]] == [1]


@pytest.mark.parametrize("name", ["K" * 43, "enrolled-KKKK"])
def test_a_key_is_revoked_by_its_thumbprint_or_its_device(name: str) -> None:
    text = run("token", "--uses", "2").stdout.strip()
    enrol(text)
    assert run("revoke", name).stdout == f"revoked the key {'K' * 43}\n"
    assert listed()["keys"][0]["revoked_at"]
    assert enrol(text) is NotEnrolled.REVOKED
    again = run("revoke", name)
    assert (again.exit_code, again.stderr) == (1, f"{name} was revoked before; it stays shut out\n")


def on_machines() -> None:
    """Two browsers of one computer and one of another."""

    async def taken(store: Store) -> None:
        made = ("token-m", datetime.now(UTC))
        await store.enrolments.take(
            [
                EnrolledKey(key, f"device-{key}", owner, *made, machine=machine, proven=machine == "LT-1")
                for key, owner, machine in (("a", "ada", "LT-1"), ("b", "bo", "LT-1"), ("c", "ada", "LT-2"))
            ]
        )

    in_store(taken, IN_CONFIG)


def valid() -> list[object]:
    return [each["thumbprint"] for each in listed()["keys"] if not each["revoked_at"]]


@pytest.mark.parametrize(
    ("arguments", "told", "left"),
    [
        (
            ("--machine", "lt-1"),
            [
                "revoked the key a",
                "revoked the key b",
                "machine lt-1 enrols no more; `mailgate enroll allow --machine` ends that",
            ],
            ["c"],
        ),
        (
            ("--person", "ADA"),
            [
                "revoked the key a",
                "revoked the key c",
                "person ADA enrols no more; `mailgate enroll allow --person` ends that",
            ],
            ["b"],
        ),
        (
            ("--key", "a"),
            [
                "revoked the key a",
                "machine LT-1 enrols no more; `mailgate enroll allow --machine` ends that",
                "other keys of this computer that stay enrolled: 1; --machine revokes them too",
            ],
            ["b", "c"],
        ),
        (
            ("--machine", "LT-9"),
            [
                "machine LT-9 enrols no more; `mailgate enroll allow --machine` ends that",
                "no valid key is enrolled under this name; `mailgate enroll list` shows how names are spelled",
            ],
            ["a", "b", "c"],
        ),
        (
            ("token-m", "--with-keys"),
            [
                "revoked the key a",
                "revoked the key b",
                "revoked the key c",
                "machine LT-1 enrols no more; `mailgate enroll allow --machine` ends that",
            ],
            [],
        ),
    ],
)
def test_a_computer_a_person_or_a_key_is_shut_out(
    arguments: tuple[str, ...], told: list[str], left: list[str]
) -> None:
    on_machines()
    assert sorted(run("revoke", *arguments).stdout.splitlines()) == sorted(told)
    assert valid() == left
    again = run("revoke", *arguments)
    assert (again.exit_code, again.stderr.split(" ", 1)[1]) == (1, "was revoked before; it stays shut out\n")


@pytest.mark.parametrize("option", ["--machine", "--person"])
def test_who_is_shut_out_may_be_allowed_again(option: str) -> None:
    run("revoke", option, "LT-1")
    shown, (shut,) = run("list").stdout, listed()["shut"]
    assert "lt-1" in shown
    assert (shut["kind"], shut["name"]) == (option[2:], "lt-1")
    assert (
        run("allow", option, "LT-1").stdout == f"{option[2:]} LT-1 may enrol again; its keys stay revoked\n"
    )
    assert listed()["shut"] == []
    assert run("allow", option, "LT-1").exit_code == 1
    assert [what for what, _, _ in acts()] == ["enrolment-revoked", "enrolment-allowed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke",),
        ("revoke", "a", "--machine", "b"),
        ("revoke", "--machine", "a", "--person", "b"),
        ("revoke", "--machine", "a", "--with-keys"),
        ("allow",),
        ("allow", "--machine", "a", "--person", "b"),
        ("revoke", "--machine", "x" * 256),
        ("revoke", "--person", "ada\nbo"),
        ("allow", "--machine", "\u202ex"),
    ],
)
def test_exactly_one_thing_is_named(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "use " in done.stderr


def test_keys_are_listed_by_their_computers() -> None:
    on_machines()
    shown = [line for line in run("list").stdout.splitlines() if "device-" in line]
    assert [line.split()[0] for line in shown] == ["LT-1", "LT-1", "LT-2"]
    assert ["own word" in line for line in shown] == [False, False, True]


@pytest.mark.parametrize("kind", ["token", "code"])
@pytest.mark.parametrize("option", ["--user", "--note"])
@pytest.mark.parametrize("text", ["ada\nbob", "\x1b[2J", "x" * 256])
def test_a_name_that_no_token_of_the_gate_could_hold_is_refused(kind: str, option: str, text: str) -> None:
    done = run(kind, option, text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{option}: ")
    assert not listed()["tokens"]


def test_a_revoked_token_lets_nobody_in_any_more() -> None:
    made = json.loads(run("token", "--json").stdout)
    told = json.loads(run("revoke", made["name"], "--json").stdout)
    assert told == {"tokens": [made["name"]], "keys": [], "devices": [], "shut": [], "others": 0}
    assert enrol(made["token"]) is NotEnrolled.WITHDRAWN


def test_a_name_of_nothing_is_told() -> None:
    done = run("revoke", "nobody\x1b[2J")
    assert done.exit_code == 1
    assert "mailgate enroll list" in done.stderr
    assert "\x1b" not in done.stderr


def test_tokens_and_revocations_stand_in_the_audit_log() -> None:
    told = json.loads(run("token", "--user", "bo", "--json").stdout)
    run("code")
    run("revoke", told["name"])
    assert run("revoke", told["name"]).exit_code == 1
    whats = [(what, who) for what, who, _ in acts()]
    made, revoked = ("enrolment-token-made", system_user().name), ("enrolment-revoked", system_user().name)
    assert whats == [made, made, revoked]
    assert [about for _, _, about in acts()][::2] == [f"token {told['name']}", told["name"]]


@pytest.mark.usefixtures("admins_ada_and_vic")
@pytest.mark.parametrize(
    "command", [("token",), ("code",), ("revoke", "x"), ("allow", "--machine", "x")], ids=" ".join
)
def test_if_there_are_admins_nobody_else_enrols_or_revokes(command: tuple[str, ...]) -> None:
    assert run(*command).exit_code == 1
    assert "role operator" in run(*command, "--token-file", "vic").output
    assert acts() == []


@pytest.mark.usefixtures("admins_ada_and_vic")
def test_if_there_are_admins_an_operator_makes_tokens() -> None:
    assert run("token", "--token-file", "ada").exit_code == 0
    assert [(what, who) for what, who, _ in acts()] == [("enrolment-token-made", "ada")]
