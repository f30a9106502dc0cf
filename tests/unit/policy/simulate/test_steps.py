"""What could differ about one access, and who could bring it about."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from tests.unit.policy.examples import CATALOG, CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.simulate import what_if
from mailgate.policy.simulate.steps import (
    Step,
    StepBy,
    StepKind,
    actionable_steps,
    device_is_known,
    hypothetical_steps,
    step,
    words_compared,
)

ANY = policy_of({})
MAIL_APP = Client(Kind.MAIL_APP, handheld=True, eas_id="A1", protocol=Protocol.ACTIVESYNC)
IMAP = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.IMAP)
PROOF, CERTIFICATE = AttestationResult("d1"), CertificateResult("x")
REFUSED = AttestationResult(refused=Reason.KEY_REVOKED)


def test_a_step_changes_who_asks_and_not_the_rules() -> None:
    policy, seen = policy_of({}), access()
    made = step(StepKind.PROBE, StepBy.PERSON, what_if.probed, "a", "b", at=NOW)
    changed, same = made.apply((seen, policy))
    assert changed.client.probed
    assert same is policy
    assert (made.facts, made.about, made.at) == ({("probe", "a", "b")}, ("a", "b"), NOW)
    assert step(StepKind.PROBE, StepBy.PERSON, what_if.probed, "a", facts={("x",)}).facts == {("x",)}


def test_only_a_version_known_to_be_older_can_be_updated() -> None:
    policy = policy_of(
        {"when": '!client.browser_version.at_least("142") || !client.browser_version.at_least("140")'},
        {"when": '!extension.browser_version.at_least("142") && !client.os_version.at_least("11")'},
    )
    word = AttestationResult("d1", extension=ExtensionWord("0.1.0", browser_version="141"))
    seen = access(replace(LAPTOP, browser_version="139", os_version=""), attestation=word)
    made = [each for each in actionable_steps(seen, policy) if each.what is StepKind.UPDATE]
    assert [each.about for each in made] == [
        ("client.browser_version", "140"),
        ("client.browser_version", "142"),
        ("extension.browser_version", "142"),
    ]
    assert made[0].facts < made[1].facts
    after = [each.apply((seen, policy))[0] for each in made]
    assert (after[1].client.browser_version, after[1].attestation) == ("142", word)
    assert after[2].attestation is not None
    assert after[2].attestation.extension == ExtensionWord("0.1.0", browser_version="142")


def test_the_words_are_those_of_every_rule_but_the_empty_one() -> None:
    policy = policy_of(
        {"when": 'user.name == "grace"'}, {"when": 'user.name in ["ada", ""] || client.os == "ios"'}
    )
    assert words_compared(policy, "user.name") == ("ada", "grace")
    assert words_compared(policy, "request.remote") == ()


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        (access(PHONE, Posture()), False),
        (access(PHONE, Posture(), user="ada"), False),
        (access(PHONE, CLEAN), True),
        (access(PHONE, Posture(device_id="d1")), True),
        (access(MAIL_APP, Posture()), True),
        (access(PHONE, Posture(), attestation=PROOF), True),
        (access(PHONE, Posture(), attestation=REFUSED), False),
        (access(PHONE, Posture(), certificate=CERTIFICATE), True),
        (access(PHONE, Posture(), certificate=CertificateResult(refused=Reason.KEY_REVOKED)), False),
        (access(IMAP, Posture(), user="ada"), True),
        (access(IMAP, Posture()), False),
        (access(IMAP, CLEAN, certificate=CERTIFICATE), False),
        (access(replace(LAPTOP, protocol=Protocol.IMAP), Posture(), user="ada"), False),
    ],
)
def test_a_report_helps_only_a_device_the_gate_knows(seen: Access, known: bool) -> None:
    assert device_is_known(seen) is known
    kinds = {each.what for each in actionable_steps(seen, ANY)}
    assert (StepKind.REPORT in kinds) is known
    supposed = {each.what for each in hypothetical_steps(seen, ANY)}
    assert (
        {StepKind.NEVER_REPORTED, StepKind.UNAVAILABLE} <= supposed
        if known
        else not {StepKind.NEVER_REPORTED, StepKind.UNAVAILABLE} & supposed
    )


TORN = replace(WITH_TIKTOK, lost=True, findings=(Finding(Reason.DEVICE_KIND_CONTRADICTED, ""),))
CONTRADICTED = replace(LAPTOP, findings=(Finding(Reason.KIND_CONTRADICTED, ""),))
REPORTS = {"report", "manage", "install-app"}


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        (access(PHONE, Posture()), {"prove", "enrol", "certificate"}),
        (access(PHONE, CLEAN), REPORTS | {"prove", "certificate"}),
        (access(PHONE, CLEAN, attestation=PROOF), REPORTS | {"prove", "withhold-proof", "certificate"}),
        (access(PHONE, Posture(), attestation=REFUSED), {"prove", "enrol", "withhold-proof", "certificate"}),
        (access(PHONE, CLEAN, certificate=CERTIFICATE), REPORTS | {"prove"}),
        (access(PHONE, CLEAN, certificate=CertificateResult(refused=Reason.KEY_REVOKED)), REPORTS | {"prove", "certificate"}),
        (access(LAPTOP, Posture()), {"prove", "enrol", "certificate", "probe"}),
        (access(what_if.probed(access(LAPTOP)).client, Posture()), {"prove", "enrol", "certificate"}),
        (access(replace(LAPTOP, protocol=Protocol.EWS), Posture()), {"certificate"}),
        (access(CONTRADICTED, Posture()), {"prove", "enrol", "certificate", "probe", "agreeing-signals"}),
        (access(MAIL_APP, Posture()), REPORTS | {"certificate"}),
        (access(MAIL_APP, Posture(), attestation=PROOF), REPORTS | {"prove", "withhold-proof", "certificate"}),
        (access(IMAP, Posture(), user="ada"), REPORTS),
        (access(IMAP, Posture()), set()),
        (access(PHONE, TORN), REPORTS | {"find", "agree", "remove-apps", "prove", "certificate"}),
        (access(PHONE, WITH_TIKTOK), REPORTS | {"lose", "remove-apps", "prove", "certificate"}),
        (access(PHONE, replace(WITH_TIKTOK, device_id="")), REPORTS | {"remove-apps", "prove", "certificate"}),
        (access(PHONE, replace(CLEAN, managed=True, expires_at=NOW + timedelta(hours=1))), {"wait", "report", "unmanage", "install-app", "prove", "certificate"}),
    ],
    ids=[
        "a browser that nobody knows",
        "a browser whose device is known",
        "a browser that has proved itself",
        "a browser whose proof is refused",
        "a browser with a certificate",
        "a browser whose certificate is refused",
        "the browser of a computer",
        "a browser that was probed",
        "a program of a computer",
        "a browser that contradicts itself",
        "a mail app",
        "a mail app that has sent evidence",
        "a mail app at the side door",
        "a mail app of nobody at the side door",
        "a lost device of two kinds",
        "a device with a name",
        "a device without a name",
        "a managed device whose report runs out",
    ],
)  # fmt: skip
def test_the_possible_steps_depend_on_who_asks(seen: Access, kinds: set[str]) -> None:
    assert {each.what.value for each in actionable_steps(seen, ANY)} == kinds


EVERYTHING = policy_of(
    {"when": '"staff" in user.groups || "held" in user.groups || "mdm" in device.sources', "share": "40%"},
    {"when": 'attestation.issuer == "https://mdm.example.com" || client.kind == "bot"'},
    {"when": 'user.name == "ada" || request.remote == "10.0.0.1" || client.os == "ios"'},
    {"stages": {"enforce": "2027-01-01"}},
)
MDM = "https://mdm.example.com"
SEEN = access(replace(LAPTOP, os="windows"), replace(WITH_TIKTOK, findings=TORN.findings), user="lin")
SEEN = replace(SEEN, user=replace(SEEN.user, groups=("held",)))
NEW_YEAR = NOW.replace(year=2027, month=1, day=1)
REPORT = ("report",)
Change = Callable[[Access], Access]
POSSIBLE: list[tuple[Access, str, str, tuple[str, ...], set[tuple[str, ...]], Change]] = [
    (SEEN, "wait", "time", (), {("wait",)}, lambda seen: what_if.at(seen, NEW_YEAR)),
    (SEEN, "lose", "company", (), {("lose",)}, lambda seen: what_if.with_posture(seen, lost=True)),
    (access(posture=TORN), "find", "company", (), {("find",)}, lambda seen: what_if.with_posture(seen, lost=False)),
    (SEEN, "agree", "company", (), {("agree",)}, lambda seen: what_if.with_posture(seen, findings=())),
    (SEEN, "group", "company", ("staff",), {("group", "staff")}, lambda seen: what_if.in_group(seen, "staff")),
    (SEEN, "report", "person", (), {REPORT}, lambda seen: what_if.reported(seen, CATALOG)),
    (SEEN, "report", "person", ("mdm",), {REPORT, ("source", "mdm")}, lambda seen: what_if.reported(seen, CATALOG, "mdm")),
    (SEEN, "manage", "person", (), {REPORT, ("manage",)}, lambda seen: what_if.managed(seen, CATALOG)),
    (what_if.managed(SEEN, CATALOG), "unmanage", "person", (), {("unmanage",)}, lambda seen: what_if.with_posture(seen, managed=False)),
    (SEEN, "remove-apps", "person", ("tiktok",), {REPORT, ("remove", "tiktok")}, lambda seen: what_if.without_apps(seen, ("tiktok",), CATALOG)),
    (SEEN, "install-app", "person", ("wechat",), {REPORT, ("install", "wechat")}, lambda seen: what_if.with_app(seen, "wechat", CATALOG)),
    (SEEN, "prove", "person", (MDM,), {("prove", MDM)}, lambda seen: what_if.proved(seen, MDM)),
    (access(posture=Posture()), "enrol", "person", (MDM,), {("prove", MDM), REPORT}, lambda seen: what_if.enrolled(seen, CATALOG, MDM)),
    (access(attestation=PROOF), "withhold-proof", "person", (), {("withhold-proof",)}, what_if.unproved),
    (SEEN, "certificate", "person", (), {("certificate",)}, what_if.certified),
    (SEEN, "probe", "person", (), {("probe",)}, what_if.probed),
    (access(CONTRADICTED), "agreeing-signals", "person", (), {("agreeing-signals",)}, what_if.with_agreeing_signals),
]  # fmt: skip
SUPPOSED: list[tuple[str, tuple[str, ...], Change]] = [
    ("kind", ("phone",), lambda seen: what_if.of_kind(seen, Kind.PHONE)),
    ("kind", ("tablet",), lambda seen: what_if.of_kind(seen, Kind.TABLET)),
    ("kind", ("bot",), lambda seen: what_if.of_kind(seen, Kind.BOT)),
    ("never-reported", (), what_if.never_reported),
    ("unavailable", (), lambda seen: what_if.with_posture(seen, state=PostureState.UNAVAILABLE, last_state=None)),
    ("contradicted", (), what_if.contradicted),
    ("user", ("ada",), lambda seen: what_if.asked_by(seen, "ada")),
    ("address", ("10.0.0.1",), lambda seen: what_if.from_address(seen, "10.0.0.1")),
    ("system", ("ios",), lambda seen: what_if.on_system(seen, "ios")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "what", "by", "about", "facts", "change"),
    POSSIBLE,
    ids=[" ".join((row[1], *row[3])) for row in POSSIBLE],
)
def test_each_step_says_who_can_take_it_and_what_follows(
    seen: Access, what: str, by: str, about: tuple[str, ...], facts: set[tuple[str, ...]], change: Change
) -> None:
    (found,) = [
        each for each in actionable_steps(seen, EVERYTHING) if (each.what, each.about) == (what, about)
    ]
    assert (found.by, found.facts) == (by, facts)
    assert found.at == (NEW_YEAR if what == "wait" else None)
    assert found.apply((seen, EVERYTHING)) == (change(seen), EVERYTHING)


def test_no_other_step_is_possible() -> None:
    assert [(each.what.value, each.about) for each in actionable_steps(SEEN, EVERYTHING)] == [
        (what, about) for seen, what, _, about, _, _ in POSSIBLE if seen is SEEN
    ]


def test_nobody_can_bring_about_a_hypothetical_step() -> None:
    found = list(hypothetical_steps(SEEN, EVERYTHING))
    assert {each.by for each in found} == {StepBy.NOBODY}
    shares = [each for each in found if each.what is StepKind.SHARE]
    told = [
        (each.what.value, each.about, each.apply((SEEN, EVERYTHING))) for each in found if each not in shares
    ]
    assert told == [(what, about, (change(SEEN), EVERYTHING)) for what, about, change in SUPPOSED]
    assert [(each.about[0], each.facts) for each in shares] == [("rule-0", {("share", "rule-0")})]


def test_a_contradiction_that_is_there_is_not_supposed() -> None:
    assert StepKind.CONTRADICTED not in {each.what for each in hypothetical_steps(access(CONTRADICTED), ANY)}


@pytest.mark.parametrize(
    "when",
    [
        'client.kind != "bot"',
        "client.handheld",
        'client.form == "tv"',
        'device.kind == "phone"',
        "client.probed",
    ],
)
def test_a_rule_on_the_kind_makes_other_kinds_worth_a_try(when: str) -> None:
    kinds = [
        each.about[0]
        for each in hypothetical_steps(access(PHONE), policy_of({"when": when}))
        if each.what is StepKind.KIND
    ]
    named = ["bot"] if "bot" in when else []
    assert kinds == ([] if when == "client.probed" else ["laptop", "tablet", *named])


def apps_in_steps(what: StepKind, seen: Access) -> list[tuple[str, ...]]:
    """The apps that each step of a kind is about."""
    return [each.about for each in actionable_steps(seen, ANY) if each.what is what]


@pytest.mark.parametrize(
    ("apps", "removed"),
    [
        ((), []),
        (("tiktok", "wechat"), [("tiktok",), ("wechat",), ("tiktok", "wechat")]),
        (tuple("abcdef"), [each for size in range(1, 7) for each in combinations("abcdef", size)]),
        (tuple("abcdefg"), [*((app,) for app in "abcdefg"), tuple("abcdefg")]),
    ],
    ids=["none", "of a few apps every choice", "of six too", "of many each and all"],
)
def test_apps_can_be_removed(apps: tuple[str, ...], removed: list[tuple[str, ...]]) -> None:
    seen = access(posture=replace(WITH_TIKTOK, apps=apps))
    assert apps_in_steps(StepKind.REMOVE_APPS, seen) == removed


def test_each_of_several_removed_apps_is_a_fact() -> None:
    seen = access(posture=replace(WITH_TIKTOK, apps=("tiktok", "wechat")))
    (both,) = [each for each in actionable_steps(seen, ANY) if each.about == ("tiktok", "wechat")]
    assert both.facts == {REPORT, ("remove", "tiktok"), ("remove", "wechat")}


@pytest.mark.parametrize(
    ("when", "lists", "installed"),
    [
        ("true", {"prohibited": ("tiktok", "wechat")}, [("tiktok", "wechat")]),
        ('"wechat" in device.apps', {"prohibited": ("tiktok", "wechat")}, [("tiktok",), ("wechat",)]),
        ("true", {"prohibited": ("tiktok",)}, [("tiktok",), ("wechat",)]),
    ],
    ids=["nothing tells them apart", "a rule names one", "one is on a list"],
)
def test_apps_that_are_all_one_to_the_rules_are_one_step(
    when: str, lists: dict[str, tuple[str, ...]], installed: list[tuple[str, ...]]
) -> None:
    policy = replace(policy_of({"when": when}), catalog=replace(CATALOG, lists=lists))
    (*steps,) = (each for each in actionable_steps(access(), policy) if each.what is StepKind.INSTALL_APP)
    assert [each.about for each in steps] == installed
    assert [each.facts for each in steps] == [{REPORT, ("install", about[0])} for about in installed]


def test_if_no_rule_names_an_issuer_any_proof_helps() -> None:
    seen = access(posture=Posture())
    about = [
        (each.what.value, each.about)
        for each in actionable_steps(seen, ANY)
        if each.what in (StepKind.PROVE, StepKind.ENROL)
    ]
    assert about == [("prove", ()), ("enrol", ())]


@pytest.mark.parametrize(
    ("user", "share", "effect", "about", "after"),
    [
        ("ada", "0%", "block", "in", "block"),
        ("ada", "99.9999%", "block", "out", "allow"),
        ("", "99.9999%", "block", "out", "allow"),
        ("", "1%", "allow", "in", "allow"),
        ("ada", "99.9999%", "allow", "out", "block"),
    ],
    ids=[
        "outside",
        "inside",
        "nobody knows who: inside what restricts",
        "outside what allows",
        "inside what allows",
    ],
)
def test_a_share_can_be_supposed_from_both_sides(
    user: str, share: str, effect: str, about: str, after: str
) -> None:
    default = "allow" if effect == "block" else "block"
    policy = policy_of({"share": share, "effect": effect}, {"share": "100%", "effect": default})
    seen = access(user=user)
    (found,) = [each for each in hypothetical_steps(seen, policy) if each.what is StepKind.SHARE]
    assert found.about == ("rule-0", about)
    changed, rules = found.apply((seen, policy))
    assert changed is seen
    assert [each.share for each in rules.rules] == [{"in": 1, "out": 0}[about], 1]
    assert decided(found, seen, policy) == after
    assert replace(rules, rules=policy.rules) == policy


def decided(found: Step, seen: Access, policy: Policy) -> str:
    return decide(*found.apply((seen, policy))).effect.value
