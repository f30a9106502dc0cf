"""Making a plan: what it says, what binds it, and that it is kept."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.console.browsing import Company, company
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, plan_for, put_in_force
from tests.unit.store.examples import NOW

from mailgate.config import Rules, Settings, compile_rules
from mailgate.config.guard import GuardSettings
from mailgate.console.plans.facts import held_back_in_words, undated_in_words
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Kind, ManagementVerdict, SourceState, Threat
from mailgate.policy.people import Logins
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout import planning
from mailgate.rollout.kept_plans import Movers, keep_plan
from mailgate.rollout.person import Person
from mailgate.rollout.plan import LABELS, Counts, PeopleMoved, Plan, plain
from mailgate.rollout.planning import Scope, exempt_in, plan_and_keep, simulated_days
from mailgate.store import Act, Store
from mailgate.store.migrate import migrate, store_url
from mailgate.store.plan_movers import MoverFilter

OLD = """
rules:
  - {id: laptop, when: client.kind == "laptop", effect: allow}
  - {id: app, when: 'client.handheld && "prohibited" in device.lists', effect: warn}
  - {id: rest, when: client.handheld, effect: allow}
"""
NEW = """
rules:
  - {id: laptop, when: client.kind == "laptop", effect: allow}
  - {id: app, when: 'client.handheld && "prohibited" in device.lists', effect: block}
  - {id: watch, when: client.form == "watch", effect: warn}
  - {id: rest, when: client.handheld, effect: allow}
  - {id: old-phone, when: 'client.handheld && client.os == "ios"', effect: warn}
  - {id: soon, when: client.kind == "bot", effect: warn, stages: {warn: 2027-01-01}}
"""
CASES = """
tests:
  - {name: a laptop gets in, request: {user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0.0.0"}, expect: {effect: block}}
"""


@pytest.fixture
async def store(store: Store) -> Store:
    old = rules(OLD)
    await put_in_force(store, old)
    await people.know(
        store, old.policy, [people.phone(1, "tiktok", owner="Ada"), people.phone(2, owner="grace")]
    )
    await people.see(store, old.policy, people.page_load(people.WINDOWS), "ada")
    return store


async def planned(store: Store, url: str, candidate: Rules) -> dict[str, Any]:
    """What a plan says, as JSON has it."""
    return plain(await plan_for(store, url, candidate))


def test_the_device_on_which_somebody_let_themselves_in_is_not_exempt_itself() -> None:
    asked = Relief(1, Cause.SELF_SERVICE, "shut", "", "ada", NOW, person="ada", device="d1")
    again = replace(asked, cause=Cause.EXEMPTION, device="")
    phone = replace(again, person="", device="d2")
    assert exempt_in([asked, again, phone]) == Counts(people=1, devices=1)


async def test_made_up_names_and_devices_are_not_known(store: Store, url: str) -> None:
    for number in range(3):
        await people.see(store, rules(OLD).policy, people.mail_app(f"MADE{number}"), f"made-up-{number}")
    await people.see(store, rules(OLD).policy, people.page_load(people.WINDOWS), "lin")
    plan = await planned(store, url, rules(NEW))
    assert plan["totals"] == {"people": 6, "devices": 2, "clients": 5, "occasions": 7}
    assert plan["known"] == {"people": 3, "devices": 3}  # whoever is known has a device


async def test_a_login_written_in_several_ways_is_known_once(store: Store, url: str) -> None:
    """A trusted proxy may name people as they typed their login, with any domain."""
    before = (await planned(store, url, rules(NEW)))["known"]["people"]
    for login in ("ada@a.example", "b\\ada", "ADA", "lin@a.example", "lin@b.example"):
        await people.see(store, rules(OLD).policy, people.page_load(people.WINDOWS), login)
    assert (await planned(store, url, rules(NEW)))["known"]["people"] == before + 1


async def test_a_login_of_two_domains_that_are_not_ours_is_two_people_who_lose_mail(
    store: Store, url: str
) -> None:
    """Else one of them would be let pass for the other. Where `login_domains` names a domain, records have the person alone."""
    refused = rules(NEW.replace("effect: allow", "effect: block", 1))
    before = (await plan_for(store, url, refused)).kept_out.people
    logins = ["fay@a.example", "fay@b.example", "FAY@A.EXAMPLE"]
    for login in map(Logins.of(["ours.example"]).person, [*logins, "gus@ours.example", "Gus"]):
        await people.see(store, rules(OLD).policy, people.page_load(people.WINDOWS), login)
    plan = await plan_for(store, url, refused)
    assert (plan.kept_out.people - before, plan.known.people) == (3, 2 + 2)


async def test_a_plan_says_who_moves_where_and_by_which_rule(store: Store, url: str) -> None:
    plan = await planned(store, url, rules(NEW))
    assert plan["totals"] == {"people": 2, "devices": 2, "clients": 1, "occasions": 3}
    assert plan["known"] == {"people": 2, "devices": 2}
    assert plan["untouched"] == {"people": 1, "devices": 2}
    blocked = plan["newly"]["block"]
    assert (blocked["people"], blocked["devices"]) == (1, 1)
    assert blocked["by"] == {
        "rule": [{"value": "app", "people": 1, "devices": 1}],
        "kind": [{"value": "phone", "people": 1, "devices": 1}],
        "system": [{"value": "ios", "people": 1, "devices": 1}],
        "group": [],
    }
    assert {"from": "warn", "to": "block", "people": 1, "devices": 1} in plan["moves"]
    assert [plan["newly"][label]["devices"] for label in LABELS] == [1, 0, 0, 0, 0]


async def test_whose_devices_move_to_two_effects_is_one_person(store: Store, url: str) -> None:
    """A phone that was warned is blocked, and a laptop that was let in is warned; another person's laptop is warned too."""
    await people.see(store, rules(OLD).policy, people.page_load(people.WINDOWS), "lin")
    laptop_warned = NEW.replace("effect: allow", "effect: warn", 1)
    plan = await plan_for(store, url, rules(laptop_warned))
    assert [plan.newly[label].people for label in LABELS] == [1, 0, 2, 0, 0]
    by: dict[str, dict[str, int]] = {"kind": {"laptop": 2, "phone": 1}, "group": {}}
    assert plan.moved == PeopleMoved(people=2, out=1, by=by, nobodys=0)
    assert plan.later[0].moved == plan.moved, "a rule about bots begins"


async def test_who_may_now_prove_a_phone_that_was_blocked_loses_nothing(store: Store, url: str) -> None:
    await put_in_force(store, rules(OLD.replace("effect: warn", "effect: block")))
    plan = await plan_for(store, url, rules(OLD.replace("effect: warn", "effect: challenge")))
    assert plan.newly["challenge"].people == 1
    by: dict[str, dict[str, int]] = {"kind": {"phone": 1}, "group": {}}
    assert plan.moved == PeopleMoved(people=1, out=0, by=by, nobodys=0)


async def test_who_gets_mail_again_in_two_ways_is_one_person(store: Store, url: str) -> None:
    """A laptop that had to prove itself is let in, and a phone that was blocked; one that was let in is only warned."""
    before = OLD.replace("effect: allow", "effect: challenge", 1).replace("effect: warn", "effect: block")
    await put_in_force(store, rules(before))
    plan = await plan_for(store, url, rules(OLD.replace("effect: allow}\n", "effect: warn}\n")))
    moves = {(each.before, each.to): each.people for each in plan.moves}
    assert moves == {("challenge", "warn"): 1, ("block", "warn"): 1, ("allow", "warn"): 1}
    assert plan.regaining == 1


async def test_a_known_device_of_nobody_is_counted_beside_the_people(store: Store, url: str) -> None:
    """A client of nobody on no known device is neither: nobody can tell later whether it was refused."""
    await people.know(store, rules(OLD).policy, [people.phone(3, "tiktok")])
    plan = await plan_for(store, url, rules(NEW))
    assert (plan.kept_out.people, plan.kept_out.devices, plan.nobodys) == (1, 2, 1)
    assert (plan.moved.out, plan.moved.nobodys) == (1, 1)


@pytest.mark.parametrize(
    "when",
    [
        'client.os_version.startsWith("17")',
        "client.os_version != device.os_version",
        'client.os == "ipados"',
        'client.form == ""',
        'client.kind == "mail_app"',
        "client.kind != device.kind",
    ],
)
async def test_an_unheard_phone_may_have_another_system_and_client(store: Store, url: str, when: str) -> None:
    """A source names a system in its way, and a request in another."""
    rule = f"  - {{id: odd, when: '{when}', effect: block}}\n"
    plan = await plan_for(store, url, rules(OLD.replace("rules:\n", f"rules:\n{rule}")))
    assert plan.kept_out.people == 2
    assert "odd" in plan.undated.rules


@pytest.mark.parametrize(
    "when",
    [
        'device.absence == "" && size(device.apps) == 0',
        'device.compliance == "unknown"',
        'device.threat == "unknown"',
    ],
)
async def test_the_rule_is_named_by_which_silence_keeps_a_phone_out(
    store: Store, url: str, when: str
) -> None:
    verdict = ManagementVerdict(Compliance.COMPLIANT, NOW, threat=Threat.LOW)
    look = AppsReport(frozenset(), True, NOW)
    phone = report_by("mdm", "7", "grace", Kind.PHONE, "ios", apps=look, verdict=verdict)
    await store.devices.ingest([phone], NOW)
    rule = f"  - {{id: quiet, when: 'client.handheld && {when}', effect: block}}\n"
    plan = await plan_for(store, url, rules(OLD.replace("rules:\n", f"rules:\n{rule}")))
    assert (plan.kept_out.people, plan.newly["block"].people) == (1, 0)
    assert plan.undated.rules == ["quiet"]


async def test_a_phone_that_never_asked_is_no_laptop(store: Store, url: str) -> None:
    rule = '  - {id: odd, when: client.kind == "laptop" && client.probed, effect: block}\n'
    plan = await plan_for(store, url, rules(OLD.replace("rules:\n", f"rules:\n{rule}")))
    assert plan.kept_out.devices == 0


@pytest.mark.parametrize("when", ['user.name != ""', '"sales" in user.groups'])
async def test_anybody_may_ask_by_a_device_without_an_owner(store: Store, url: str, when: str) -> None:
    await people.know(store, rules(OLD).policy, [people.phone(3)])
    rule = f"  - {{id: odd, when: 'client.handheld && {when}', effect: block}}\n"
    # groups that nobody knows keep them out now already
    assert people.device(3) in await moved_out(store, url, rules(OLD.replace("rules:\n", f"rules:\n{rule}")))


async def test_a_plan_names_new_rules_that_depend_on_versions(store: Store, url: str) -> None:
    """Today nobody has the version that such a rule keeps out."""
    old = "  - {id: old, when: 'client.os_version == \"9\"', effect: block}\n"
    new = "  - {id: new, when: 'client.browser_version.matches(\"^(139|14)\")', effect: block}\n"
    new += "  - {id: newer, when: '!extension.version.at_least(\"0.2\")', effect: warn}\n"
    before, after = (rules(OLD.replace("rules:\n", f"rules:\n{each}")) for each in (old, new + old))
    await put_in_force(store, before)
    plan = await plan_for(store, url, after)
    assert plan.reads_versions == {"new": "block", "newer": "warn"}
    newly_unknown = plan.newly["unknown"].by["rule"]
    assert [row.value for row in newly_unknown] == [
        "new"
    ]  # of a device that never asked, the version is not known
    assert any(f"or might: {newly_unknown[0].people} people" in told for told in undated_in_words(plan))


async def test_a_plan_names_rules_that_do_nothing(store: Store, url: str) -> None:
    plan = await planned(store, url, rules(NEW))
    assert plan["rules"]["match_nobody"] == ["watch"]
    assert plan["rules"]["out_of_reach"].keys() == {"old-phone"}
    assert plan["rules"]["not_started"] == ["soon"]
    idle = OLD + "  - {id: bots, when: client.kind == 'bot', effect: block}\n"
    night = "  - {id: night, when: client.handheld && now.getHours() == 3, effect: block}\n"
    dated = "  - {id: dated, when: 'now > timestamp(\"2099-01-01T00:00:00Z\")', effect: block}\n"
    told = (await planned(store, url, rules(idle + night + dated)))["rules"]
    assert told["match_nobody"] == ["bots"], (
        "whom a rule matches that reads the clock is known at no hour alone"
    )


async def test_a_plan_runs_the_cases_and_says_what_changes(store: Store, url: str) -> None:
    candidate = compile_rules(dict(rules(NEW).texts) | {"policy.tests.yaml": CASES})
    plan = await planned(store, url, candidate)
    assert plan["cases"] == {
        "run": 1,
        "failed": [{"name": "a laptop gets in", "wrong": {"effect": ["block", "allow"]}}],
    }
    assert {"sign": "~", "about": "rule app", "words": "blocks people now; before: warns"} in plan["changes"]


async def test_devices_whose_outcome_no_record_tells_are_counted_apart(store: Store, url: str) -> None:
    remote = OLD.replace(
        "rules:", 'rules:\n  - {id: office, when: request.remote == "10.0.0.1", effect: allow}'
    )
    plan = await planned(store, url, rules(remote))
    assert plan["newly"]["unknown"]["devices"] == 1  # who is warned today may be let in
    assert plan["depends_on"] == {"request.remote": 1}


async def test_people_who_may_be_refused_at_an_unknown_moment_are_counted(store: Store, url: str) -> None:
    december = '{id: late, when: client.kind == "laptop" && now.getMonth() == 0, effect: challenge}'
    whole = await plan_for(store, url, rules(OLD.replace("rules:", f"rules:\n  - {december}")))
    plan = plain(whole)
    assert plan["newly"]["challenge"]["devices"] == 0
    found = plan["undated"]
    assert (
        plan["kept_out"]
        == {"people": 1, "devices": 1}
        == {name: found[name] for name in ("people", "devices")}
    )
    assert found["rules"] == ["late"]
    assert {(each["from"], each["to"]) for each in plan["moves"]} <= {(a, b) for a in LABELS for b in LABELS}
    told = " ".join(undated_in_words(whole))
    assert told.startswith("1 person with 1 device might lose mail at a time we cannot tell")
    assert "Look at them yourself" in told


async def test_different_people_on_different_days_are_all_counted(store: Store, url: str) -> None:
    days = "\n".join(
        f'  - {{id: day-{day}, when: \'user.name == "{name}" && now >= timestamp("2027-01-0{day}T00:00:00Z") '
        f'&& now < timestamp("2027-01-0{day + 1}T00:00:00Z")\', effect: block}}'
        for day, name in ((1, "ada"), (3, "grace"))
    )
    everybody = "rules:\n  - {id: open, when: 'true', effect: allow}"
    await put_in_force(store, rules(everybody))
    await people.see(store, rules(OLD).policy, people.page_load(people.IPHONE), "grace")
    plan = await plan_for(store, url, rules(everybody.replace("rules:", f"rules:\n{days}")))
    assert [each.newly["block"].people for each in plan.later] == [1, 0, 1, 0]
    assert plan.kept_out is not None
    assert plan.kept_out.people == 2
    assert list(undated_in_words(plan)) == []


async def test_apps_that_no_report_can_tell_of_are_named(store: Store, url: str) -> None:
    apps = "apps: {tiktok: {name: TikTok}, go: {name: Go}}\nlists: {prohibited: [tiktok, go]}\n"
    plan = await planned(store, url, rules(OLD, apps))
    assert (plan["newly_listed"], plan["unreported"]) == (["Go"], ["Go"])


@pytest.mark.parametrize(
    ("apps", "policy", "unreported"),
    [
        ("apps: {tiktok: {name: TikTok}, go: {name: Go}}\nlists: {prohibited: [tiktok]}\n", OLD, []),
        ("apps: {tiktok: {name: TikTok, ios: [com.new]}}\nlists: {prohibited: [tiktok]}\n", OLD, ["TikTok"]),
        ("apps: {tiktok: {name: TikTok}, go: {name: Go}}\nlists: {prohibited: [tiktok, go]}\n", "rules: [{id: a, when: 'true', effect: allow}]\n", []),
        ("apps: {tiktok: {name: TikTok}, go: {name: Go}}\nlists: {prohibited: [tiktok]}\n", "rules: [{id: a, when: '\"go\" in device.apps', effect: block}]\n", ["Go"]),
    ],
    ids=["on no list", "a new form", "no rule reads it", "by name"],
)  # fmt: skip
async def test_apps_that_may_refuse_unknown_people_are_named(
    store: Store, url: str, apps: str, policy: str, unreported: list[str]
) -> None:
    assert (await planned(store, url, rules(policy, apps)))["unreported"] == unreported


async def test_the_digest_binds_rules_lists_cases_and_days(store: Store, url: str) -> None:
    """Also where nobody moves by it: each of these is another plan."""
    list_of_none = "apps: {tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok], banned: [tiktok]}\n"
    candidates = {
        "as it is": rules(OLD),
        "another rule": rules(NEW),
        "a comment": rules(OLD + "# as it was\n"),
        "another list": rules(OLD, list_of_none),
        "a case": compile_rules(dict(rules(OLD).texts) | {"policy.tests.yaml": CASES}),
    }
    digests = {name: (await planned(store, url, each))["digest"] for name, each in candidates.items()}
    digests["other days"] = (await plan_for(store, url, rules(OLD), days=15)).digest
    digests["another day"] = (await plan_for(store, url, rules(OLD), NOW + timedelta(days=1))).digest
    assert len(set(digests.values())) == len(digests)
    await put_in_force(store, rules(NEW))
    assert (await planned(store, url, rules(OLD)))["digest"] not in digests.values()


@pytest.fixture
async def firm(tmp_path: Path) -> AsyncIterator[Company]:
    """A company whose gate has rules in force."""
    migrate(store_url(f"sqlite:///{tmp_path}/mailgate.db"))
    async with company(tmp_path) as firm:
        yield firm


async def planned_again(
    firm: Company, settings: Settings, days: int, who: Person | None, progress: Callable[..., object]
) -> Plan:
    """A plan to put what is in force in force."""
    active = await firm.store.policies.active()
    assert active
    return await plan_and_keep(
        firm.store, settings, active, firm.bundle.rules, days, 1, who, firm.clock(), progress
    )


@pytest.mark.parametrize("who", [None, ADA], ids=["nobody", "ada"])
async def test_a_plan_is_kept_where_somebody_answers_for_it(firm: Company, who: Person | None) -> None:
    told: list[int] = []
    plan = await planned_again(firm, firm.bundle.settings, 7, who, lambda *_: told.append(1))
    assert (plan.window.days, bool(told)) == (7, True)
    assert [each.author for each in await firm.store.plans.latest(9)] == ([who.name] if who else [])


@pytest.mark.parametrize(
    ("asked", "of_the_guard", "looked_at"), [(1, 7, 7), (14, 7, 14), (14, 30, 30), (1, 1.5, 2), (1, None, 1)]
)
def test_a_plan_covers_at_least_the_days_of_the_guard(
    asked: int, of_the_guard: float | None, looked_at: int
) -> None:
    guard = of_the_guard and GuardSettings.model_construct(window=timedelta(days=of_the_guard))
    assert simulated_days(Settings.model_construct(guard=guard), asked) == looked_at


async def test_a_request_for_fewer_days_gets_those_of_the_guard(firm: Company) -> None:
    guarded = firm.bundle.settings.model_copy(update={"guard": GuardSettings(max_newly_blocked=0)})
    assert (await planned_again(firm, guarded, 1, None, lambda *_: None)).window.days == 7


@pytest.mark.parametrize(
    ("forgotten", "kept_by_name"),
    [(False, [("ada", "block", "app")]), (True, [])],
    ids=["everybody", "but for who was forgotten meanwhile"],
)
async def test_everybody_who_moves_is_kept_by_name_beside_the_plan(
    store: Store, url: str, forgotten: bool, kept_by_name: list[tuple[str, str, str]]
) -> None:
    with Movers() as movers:
        plan = await plan_for(store, url, rules(NEW), movers=movers)
        if forgotten:
            await store.audit.append(Act(NOW + timedelta(seconds=1), "ada", "person-forgotten"))
        await keep_plan(store, plan, rules(NEW), ADA, NOW, movers)
    (kept,) = await store.plans.find(plan.digest)
    found = await store.movers.search(plan.digest, MoverFilter(), 0, 9, large=False)
    assert kept.movers == 1
    assert [(each.person, each.label, each.rule) for each in found.rows] == kept_by_name


async def test_a_plan_is_called_by_what_it_changes(store: Store, url: str) -> None:
    plan = await plan_for(store, url, rules(NEW))
    assert plan.headlines[0].words == "“app” blocks people now"
    assert {row.value: row.people for row in plan.company["kind"]} == {"laptop": 1, "phone": 2}


async def test_a_plan_judges_devices_as_the_gate_does_while_a_source_is_away(
    firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes: list[Scope] = []

    async def made(*asked: Any) -> Plan:
        scopes.append(asked[4])
        raise KeyError

    monkeypatch.setattr(planning, "make_plan", made)
    name, since = next(iter(firm.bundle.settings.connectors)), firm.clock()
    await firm.store.connectors.note(SourceState(name, failing_since=since))
    with pytest.raises(KeyError):
        await planned_again(firm, firm.bundle.settings, 7, None, lambda *_: None)
    assert scopes[0].terms == firm.bundle.settings.posture_terms({name: since + timedelta(seconds=5)})


REST = "  - {id: rest, when: client.handheld, effect: allow}\n"
ALMOST_NOBODY = "share: 0.0001%"


def with_rule(*fields: str, apps: str = "[tiktok]") -> Rules:
    """The rules that let everybody in, after a rule about listed apps with these fields."""
    given = "".join(f", {each}" for each in fields)
    app = f"""  - {{id: app, when: '"prohibited" in device.lists', effect: block{given}}}\n"""
    catalog = f"apps: {{tiktok: {{name: TikTok}}, chess: {{name: Chess}}}}\nlists: {{prohibited: {apps}}}\n"
    return rules("rules:\n" + (app if fields else "") + REST, catalog)


async def moved_out(store: Store, url: str, candidate: Rules) -> set[str]:
    """The people and devices that a plan keeps out, or may, by name."""
    with Movers() as movers:
        await plan_for(store, url, candidate, movers=movers)
        listed = [each for page in movers.pages() for each in page if each.label in ("block", "unknown")]
    return {name for each in listed for name in (each.person, each.device)}


async def held_back(store: Store, url: str, candidate: Rules) -> tuple[Plan, list[tuple[str, str, str, int]]]:
    """A plan, and the movers that it keeps by name."""
    with Movers() as movers:
        made = await plan_for(store, url, candidate, movers=movers)
        listed = [each for page in movers.pages() for each in page]
    return made, [(each.person, each.label, each.rule, each.since) for each in listed]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (["share: 0%"], 2),
        ([ALMOST_NOBODY], 2),
        (["stages: {report_only: 2020-01-01}"], 2),
        (["stages: {report_only: 2031-01-01}"], 3),
        (["stages: {enforce: 2020-01-01}", ALMOST_NOBODY], 2),
        (["stages: {enforce: 2031-01-01}", ALMOST_NOBODY], 3),
    ],
)
async def test_people_missed_by_a_share_or_a_stage_are_named(
    store: Store, url: str, fields: list[str], place: int
) -> None:
    await put_in_force(store, with_rule())
    plan, movers = await held_back(store, url, with_rule(*fields))
    assert [plan.newly[label].people for label in LABELS] == [0] * 5
    assert plan.kept_out.people == 0, "the guard counts what this plan does"
    assert plan.held_back
    assert plan.held_back.rules == ["app"]
    assert (plan.held_back.newly["block"].people, plan.held_back.newly["allow"].people) == (1, 0)
    assert [each.value for each in plan.held_back.newly["block"].by["rule"]] == ["app"]
    assert movers == [("ada", "block", "app", place)]
    assert plan.rules.match_nobody == []
    assert "1 person with 1 device newly without mail" in held_back_in_words(plan)


async def test_people_who_move_at_a_later_stage_are_not_told_twice(store: Store, url: str) -> None:
    await put_in_force(store, with_rule())
    plan, movers = await held_back(store, url, with_rule("stages: {enforce: 2031-01-01}"))
    assert plan.held_back
    assert plan.held_back.newly["block"].people == 0
    assert movers == [("ada", "block", "app", 1)]


async def test_a_new_app_under_a_small_share_still_holds_people_back(store: Store, url: str) -> None:
    """The rule itself does not change, and so nobody is named who had been missed before."""
    old = with_rule(ALMOST_NOBODY)
    await put_in_force(store, old)
    await people.know(store, with_rule(apps="[chess]").policy, [people.phone(3, "chess", owner="kim")])
    plan, movers = await held_back(store, url, with_rule(ALMOST_NOBODY, apps="[tiktok, chess]"))
    assert movers == [("kim", "block", "app", 2)]
    assert plan.held_back


async def test_people_still_missed_by_a_growing_share_are_told(store: Store, url: str) -> None:
    await put_in_force(store, with_rule("share: 0%"))
    _, movers = await held_back(store, url, with_rule(ALMOST_NOBODY))
    assert movers == [("ada", "block", "app", 2)]


async def test_a_rule_for_everybody_misses_nobody(store: Store, url: str) -> None:
    await put_in_force(store, with_rule())
    plan, movers = await held_back(store, url, with_rule("stages: {enforce: 2020-01-01}"))
    assert (plan.held_back, movers) == (None, [("ada", "block", "app", 0)])
    assert held_back_in_words(plan) == ""


async def test_a_login_by_another_name_hides_nobody_who_has_the_phone_now(store: Store, url: str) -> None:
    """At the mail server a name is all that is known, and the phone may have had another owner then."""
    old = rules(OLD).policy
    await people.know(store, old, [people.phone(3, owner="lin")])
    await people.see(store, old, people.imap(), "lin")
    later = NOW + timedelta(minutes=1)
    phone = report_by("https://mdm.example.com", "phone-3", "hopper", Kind.PHONE, "ios")
    await store.devices.ingest([phone], later)
    everybody = 'rules: [{id: none, when: "true", effect: block}]'
    assert "hopper" in await moved_out(store, url, rules(everybody))


async def test_a_plan_says_past_which_rules_people_may_let_themselves_in(store: Store, url: str) -> None:
    """They count as refused: the guard looks at them as at all others."""
    await people.know(store, rules(OLD).policy, [people.phone(3)])
    offer = "  - {id: odd, when: client.handheld, effect: block, self_service: {hours: 4}}\n"
    plan = await plan_for(store, url, rules(OLD.replace("rules:\n", f"rules:\n{offer}")))
    (told,) = plan.let_ins
    newly = plan.newly["block"]
    assert (told.rule, told.hours, told.once_per_hours) == ("odd", 4, 720)
    assert (told.people, told.devices) == (newly.people, newly.devices)
    assert plan.kept_out.devices == told.devices > 0
