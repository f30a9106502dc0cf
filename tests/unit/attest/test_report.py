"""Reports of enrolled devices: what form they have, and what the gate's token says of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mailgate.attest import mint
from mailgate.attest.keys import parse_jwks
from mailgate.attest.report import (
    AppAnswers,
    Profile,
    Reporters,
    SelfReport,
    TokenParameters,
    as_sent,
    digest_of,
    form_of,
    token_claims,
    written_report,
)
from mailgate.attest.verifier import ReplayGuard, Verifier
from mailgate.model import AppsReport, ExtensionWord, Kind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = mint.make_key(b"gate" * 8, "gate-1")
DEVICE = mint.make_key(b"device" * 8, "")
GATE = "https://mail.example.com"
ISSUING = TokenParameters(GATE, "1.0", "id-1", NOW, DEVICE.thumbprint(), "enrolled-1", "ada@example.com")


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({"os": "android"}, "phone"),
        ({"os": "android", "form_factors": ["Tablet"]}, "tablet"),
        ({"os": "android", "form_factors": ["Desktop"]}, "phone"),
        ({"os": "android", "form_factors": ["XR", "TABLET"]}, "tablet"),
        ({"os": "ios"}, "phone"),
        ({"os": "ios", "form_factors": ["Tablet"]}, "tablet"),
        ({"os": "ios", "form_factors": ["Desktop"], "touch_points": 5}, "phone"),
        ({"os": "ipados"}, "tablet"),
        ({"os": "ipados", "form_factors": ["Mobile"]}, "tablet"),
        ({"os": "macos"}, "desktop"),
        ({"os": "macos", "touch_points": 1}, "desktop"),
        ({"os": "macos", "touch_points": 2}, "tablet"),
        ({"os": "macos", "touch_points": 5, "form_factors": ["Mobile"]}, "phone"),
        ({"os": "windows", "touch_points": 10}, "desktop"),
        ({"os": "linux", "touch_points": 10}, "desktop"),
        ({"os": "linux"}, "desktop"),
        ({"os": "chromeos", "touch_points": 256}, "desktop"),
        ({"os": "macos", "form_factors": ["Tablet"]}, "tablet"),
        ({"os": "windows", "form_factors": ["Tablet", "Mobile"]}, "phone"),
        ({"os": "windows", "form_factors": ["Desktop", "XR"]}, None),
        ({"os": "other", "form_factors": ["Tablet"]}, "tablet"),
        ({"os": "other", "touch_points": 5}, None),
        ({"os": "windows", "form_factors": ["Desktop", "Tablet"]}, "tablet"),
        ({"os": "linux", "form_factors": ["Mobile"]}, "phone"),
        ({"os": "linux", "form_factors": ["XR"]}, None),
        ({"os": "chromeos", "form_factors": ["Desktop"]}, "desktop"),
        ({"os": "other"}, None),
        ({"os": "other", "form_factors": ["Desktop"]}, None),
        ({"os": "other", "form_factors": ["Mobile"]}, "phone"),
    ],
)
def test_the_form_is_the_most_restrictive_that_the_report_names(said: dict, form: str | None) -> None:
    assert form_of(SelfReport.model_validate(said)) == form


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"os": "beos"},
        {"os": "linux", "more": 1},
        {"os": "linux", "touch_points": True},
        {"os": "linux", "touch_points": -1},
        {"os": "linux", "managed": "yes"},
        {"os": 1},
        {"os": "linux", "touch_points": 257},
        {"os": "linux", "touch_points": "1"},
        {"os": "linux", "os_version": 1},
        {"os": "linux", "os_version": "x" * 65},
        *({"os": "linux", "os_version": f"1{odd}2"} for odd in "\0\n\x1f\x7f\x80\x9f"),
        {"os": "linux", "platform": "x" * 65},
        {"os": "linux", "install_type": "store"},
        {"os": "linux", "form_factors": ["x"] * 9},
        {"os": "linux", "form_factors": ["x" * 65]},
        {"os": "linux", "form_factors": "x"},
        {"os": "linux", "listed_extensions": ["x"] * 101},
        {"os": "linux", "listed_extensions": ["x" * 129]},
        *({"os": "linux", "listed_extensions": [odd]} for odd in ("a b", "", "ä", "a\n", "a/b", 1)),
        {"os": "linux", "browser": "Firefox"},
        {"os": "linux", "browser": {"version": "1"}},
        {"os": "linux", "browser": {"name": "x" * 65}},
        {"os": "linux", "browser": {"name": "Firefox", "more": 1}},
        {"os": "linux", "bearer": 1},
    ],
)
def test_anything_else_is_no_report(said: dict) -> None:
    with pytest.raises(ValidationError):
        SelfReport.model_validate(said)


MOST = {
    "platform": "x" * 64,
    "os": "linux",
    "os_version": "é ~" * 21,
    "browser": {"name": "x" * 64, "version": ""},
    "form_factors": ["Desktop"] * 8,
    "touch_points": 256,
    "install_type": "sideload",
    "extension_version": "x" * 64,
    "managed": True,
    "listed_extensions": ["x" * 128] * 100,
    "machine": {
        "disk_encrypted": True,
        "screen_lock": False,
        "firewall": None,
        **dict.fromkeys(("serial", "asset_id", "location", "hostname"), "x" * 64),
    },
    "apps": {
        "question": "0123456789abcdef",
        "profile": "work",
        "installed": {f"app-{number}": True for number in range(1000)},
        "vouches_for": ["x" * 43] * 4,
    },
    "bearer": True,
}


def test_a_report_may_say_as_much_as_this() -> None:
    assert SelfReport.model_validate(MOST).model_dump(mode="json") == MOST


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("os", "android chromeos ios ipados linux macos windows other"),
        ("install_type", "admin normal sideload development other"),
    ],
)
def test_a_word_is_one_of_a_list(member: str, words: str) -> None:
    for word in words.split():
        assert getattr(SelfReport.model_validate({"os": "linux", member: word}), member) == word


def test_a_report_is_not_changed() -> None:
    with pytest.raises(ValidationError):
        SelfReport.model_validate({"os": "linux"}).bearer = True


STAMP = int(NOW.timestamp())
LEAST = {
    "iss": GATE,
    "aud": GATE,
    "sub": "enrolled-1",
    "iat": STAMP,
    "exp": STAMP + 600,
    "jti": "id-1",
    "eat_profile": "tag:mailgate.example,2026:device-attestation:1",
    "cnf": {"jkt": DEVICE.thumbprint()},
    "ear.verifier-id": {"developer": "mailgate", "build": "1.0"},
    "submods": {"device": {"ear.status": "none", "ear.trustworthiness-vector": {"instance-identity": 2, "configuration": 0}}},
    "apps": {"at": STAMP, "listed": [], "complete": False},
    "reported": {"platform": "", "install_type": "other", "managed": False, "extension_version": ""},
}  # fmt: skip
ALONGSIDE = {
    "platform": "Win32",
    "browser": {"name": "Firefox", "version": "140"},
    "install_type": "admin",
    "managed": True,
    "extension_version": "0.2.0",
}
MACHINE = {"disk_encrypted": True, "firewall": False}
NAMES = {
    "serial": "PF2X7",
    "asset_id": "4711",
    "location": "Room 3",
    "hostname": "ada-laptop",
    "screen_lock": None,
}
SAID = {"os": "windows", "os_version": "11", "bearer": True}


@pytest.mark.parametrize(
    ("said", "owner", "more"),
    [
        ({"os": "other"}, "", {}),
        (SAID | ALONGSIDE, "ada", SAID | {"form": "desktop", "user": "ada", "reported": ALONGSIDE}),
        (
            SAID | ALONGSIDE | {"machine": MACHINE | NAMES},
            "",
            SAID | {"form": "desktop", "reported": ALONGSIDE | {"machine": MACHINE}},
        ),
        ({"os": "android"}, "", {"os": "android", "form": "phone"}),
        (
            {"os": "other", "listed_extensions": ["b", "private", "a", "b"]},
            "",
            {"apps": LEAST["apps"] | {"listed": ["other a", "other b"]}},
        ),
    ],
)
def test_a_token_repeats_a_report_but_for_what_is_not_listed(said: dict, owner: str, more: dict) -> None:
    """It vouches for the key and for nothing else: what is managed has no claim that a rule reads."""
    report, issuing = SelfReport.model_validate(said), replace(ISSUING, owner=owner)

    def match(os: str, identifier: str) -> str | None:
        return f"{os} {identifier}" if identifier != "private" else None

    assert token_claims(report, issuing, match) == LEAST | more


def accepted(said: dict):
    """What the verifier makes of the token for a report."""
    report = SelfReport.model_validate(said)
    listed = {"tiktok-extension": "tiktok", "tiktok": "tiktok"}

    def match(_os: str, identifier: str) -> str | None:
        return listed.get(identifier)

    claims = token_claims(report, ISSUING, match)
    token = mint.sign_token(claims, KEY)
    verifier = Verifier(
        issuers={GATE: parse_jwks(mint.jwks(KEY))},
        audience=GATE,
        own=GATE,
        match_app=match,
        replay=ReplayGuard(),
    )
    proof = mint.sign_proof(token, DEVICE, method="GET", url=f"{GATE}/", jti="p", now=NOW)
    result = verifier.verify([token.encode()], [proof.encode()], method="GET", url=f"{GATE}/", now=NOW).result
    assert result.refused is None, result.detail
    return result, token


def test_the_verifier_takes_the_token() -> None:
    result, _ = accepted({"os": "android", "os_version": "15"})
    assert (result.device_id, result.issuer, result.user) == ("enrolled-1", GATE, "ada@example.com")
    assert (result.kind, result.os, result.os_version) == (Kind.PHONE, "android", "15")
    assert result.key_thumbprint == DEVICE.thumbprint()
    assert result.expires == NOW + timedelta(minutes=10)
    assert (result.self_reported, result.status, result.apps.complete) == (True, "none", False)


COMPUTER = {"os": "windows", "os_version": "11", "browser": {"name": "Chrome", "version": "142.0.1"}}


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"os": "android"}, None),
        ({"os": "windows", "extension_version": "0.2.0"}, ExtensionWord("0.2.0")),
        (
            COMPUTER | {"extension_version": "0.2.0", "install_type": "admin", "managed": True, "machine": MACHINE | NAMES},
            ExtensionWord("0.2.0", "admin", True, "Chrome", "142.0.1", "11", True, None, False),
        ),
        # a helper that could tell nothing
        ({"os": "windows", "extension_version": "1", "machine": {}}, ExtensionWord("1")),
        # a browser without a version
        ({"os": "other", "extension_version": "1", "browser": {"name": "Firefox"}}, ExtensionWord("1", browser="Firefox")),
    ],
)  # fmt: skip
def test_the_word_of_an_extension_comes_back_as_its_own(said: dict, word: ExtensionWord | None) -> None:
    result, token = accepted(said)
    assert result.extension == word
    payload = str(mint.jws.extract_compact(token.encode()).payload)
    assert not [name for name in NAMES if name != "screen_lock" and name in payload]


@pytest.mark.parametrize("os", ["android", "other"])
def test_only_listed_extensions_leave_a_report(os: str) -> None:
    result, token = accepted({"os": os, "listed_extensions": ["tiktok-extension", "private-matter"]})
    assert result.apps.present == {"tiktok"}
    assert "private" not in str(mint.jws.extract_compact(token.encode()).payload)


@pytest.mark.parametrize(
    "name",
    [
        "abcdefghijklmnopabcdefghijklmnop",
        "shop@example.com",
        "@shop-containers",
        "{0d6f2a0e-57b1-4c0d-9d1b-3f5f2c1f6a77}",
    ],
)
def test_the_id_of_an_extension_is_taken_as_each_browser_writes_it(name):
    said = SelfReport.model_validate({"os": "linux", "listed_extensions": [name]})
    assert said.listed_extensions == (name,)


def test_missing_members_of_a_report_widen_no_access() -> None:
    said = SelfReport.model_validate({"os": "linux"})
    assert (said.managed, said.bearer, said.install_type, said.touch_points) == (False, False, "other", 0)
    assert (said.platform, said.os_version, said.browser) == ("", "", None)
    assert (said.form_factors, said.listed_extensions) == ((), ())


def longest(schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    """The longest value that a report may have there."""
    kind = schema | defs.get(schema.get("$ref", "").rpartition("/")[2], {})
    if kind.get("anyOf"):
        return longest(kind["anyOf"][0], defs)
    if "enum" in kind:
        return max(kind["enum"], key=len)
    match kind["type"]:
        case "object":
            return {name: longest(each, defs) for name, each in kind["properties"].items()}
        case "array":
            return [longest(kind["items"], defs)] * kind["maxItems"]
        case "string":
            return "\N{GRINNING FACE}" * kind["maxLength"]
    return kind.get("maximum", True)


def test_a_kept_report_is_bounded_and_has_no_app() -> None:
    schema = SelfReport.model_json_schema()
    most = {
        name: longest(each, schema["$defs"])
        for name, each in schema["properties"].items()
        if name not in ("apps", "listed_extensions")
    }
    kept = written_report(SelfReport.model_validate(most | {"listed_extensions": ["abc"]}))
    assert json.loads(kept) == {name: value for name, value in most.items() if name != "bearer"}
    assert len(kept.encode()) < 8192


SAID_ANSWERS = {"question": "0" * 16, "profile": "personal", "installed": {"tiktok": True, "wechat": False}}


@pytest.mark.parametrize("accepts", [False, True])
@pytest.mark.parametrize("profile", list(Profile))
def test_a_look_is_whole_only_where_its_person_lives_and_the_rest_is_accepted(
    profile: Profile, accepts: bool
) -> None:
    answers = AppAnswers.model_validate(SAID_ANSWERS | {"profile": profile})
    whole = accepts and profile in ("personal", "device")
    assert Reporters({}, accepts).look(answers, NOW) == AppsReport(
        frozenset({"tiktok"}),
        whole,
        NOW,
        timedelta(minutes=10),
        frozenset({"tiktok", "wechat"}),
        "" if profile == "device" else profile,
    )


def test_the_digest_changes_with_each_app_and_each_id_and_with_nothing_else() -> None:
    question = {"tiktok": ("a.b", "c.d"), "wechat": ("e.f",)}
    one = digest_of(question)
    assert one == digest_of({"wechat": ["e.f"], "tiktok": ["a.b", "c.d"]}) == as_sent(question)["question"]
    others = {"tiktok": ("a.b",), "wechat": ("e.f",)}, {"tiktok": ("a.b", "c.d")}, {}
    assert len({one, *map(digest_of, others)}) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "0" * 15},
        {"question": "G" * 16},
        {"profile": "PERSONAL"},
        {"installed": {"TikTok": True}},
        {"installed": {"tiktok": None}},
        {"installed": {f"app-{number}": True for number in range(1001)}},
        {"installed": ["tiktok"]},
        {"vouches_for": ["x" * 43] * 5},
        {"vouches_for": ["x" * 44]},
        {"version": 1},
    ],
)
def test_other_answers_are_refused(wrong: dict[str, object]) -> None:
    AppAnswers.model_validate(SAID_ANSWERS)
    with pytest.raises(ValidationError):
        AppAnswers.model_validate(SAID_ANSWERS | wrong)
