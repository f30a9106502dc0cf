"""Whether an app on a list, silence, or a source that is away makes a device better off than the same device without it."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.devices.test_posture import APP, CLEAN, FINE, MAX_AGE, NOW, TIKTOK, posture, said
from tests.unit.policy.examples import PHONE, access, policy_of
from tests.unit.store.examples import CATALOG

from mailgate.devices.device import Report
from mailgate.devices.posture import strictest
from mailgate.model import Effect, Kind, Posture, PostureState
from mailgate.model.device import Away
from mailgate.policy.decide import decide
from mailgate.policy.simulate import what_if

HOUR = timedelta(hours=1)
# config/examples/staged-rollout/policy.yaml, for everybody, while the rule about the app is rehearsed
STAGED = (
    {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists', "stages": {"report_only": "2020-01-01"}},
    {"id": "fresh", "when": 'client.handheld && device.known && device.age > duration("6h")', "on_unavailable": "allow"},
    {"id": "unproven-handheld", "when": 'client.handheld && !(device.state in ["clean", "listed"])'},
    {"id": "clean-handheld", "when": "client.handheld", "effect": "allow"},
)  # fmt: skip


def effect(rules: tuple[dict[str, object], ...], known: Posture) -> Effect:
    return decide(access(PHONE, known, now=NOW), policy_of(*rules)).effect


def seen(source: str, hours: float, *, app: bool = False, complete: bool = True) -> Report:
    fields = CLEAN | {"reported_at": NOW - hours * HOUR, "apps_complete": complete} | (TIKTOK if app else {})
    return said(source, **fields)


def test_nobody_is_trusted_more_for_an_app_on_a_list() -> None:
    """The words of ``posture_of``. The last look at the whole device was seven hours ago; work apps were looked at just now."""
    without = posture(seen("mdm", 7), seen("work", 0.1, complete=False))
    assert without.state is PostureState.CLEAN
    assert effect(STAGED, without) is Effect.BLOCK
    with_app = posture(seen("mdm", 7), seen("work", 0.1, app=True, complete=False))
    assert with_app.state is PostureState.LISTED
    assert effect(STAGED, with_app) is Effect.BLOCK


def test_a_rehearsed_rule_changes_nothing() -> None:
    """Decision 1. The source that is believed most saw the app seven hours ago; another one looked at everything just now."""
    without = posture(seen("mdm", 7), seen("other", 0.1), precedence=("mdm",))
    assert effect(STAGED, without) is Effect.ALLOW
    with_app = posture(seen("mdm", 7, app=True), seen("other", 0.1), precedence=("mdm",))
    assert with_app.state is PostureState.LISTED
    assert effect(STAGED, with_app) is Effect.ALLOW


KEPT_OUT = (
    {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists', "on_unavailable": "allow"},
    {"id": "handheld", "when": "client.handheld", "effect": "allow"},
)  # fmt: skip


@pytest.mark.parametrize("away", [{}, {"app": NOW}])
@pytest.mark.parametrize("hours", [0, 23, 25])
def test_an_app_does_not_go_away_by_silence(away: Away, hours: int) -> None:
    """docs/devices.md: "So `device.lists` names `prohibited` whatever the state is"."""
    known = posture(APP, now=NOW + hours * HOUR, away=away)
    assert known.lists == ("prohibited",)
    assert effect(KEPT_OUT, known) is Effect.BLOCK


def test_the_report_that_is_told_is_one_report() -> None:
    """docs/pages.md: "`source`, `reported_at`, `expires_at`: the report that the state rests on"."""
    told = posture(seen("mdm", 20, app=True), seen("other", 0), precedence=("mdm",))
    ends = {"mdm": NOW - 20 * HOUR + MAX_AGE, "other": NOW + MAX_AGE}
    assert told.expires_at == ends[told.source]


def test_a_supposed_report_counts_no_longer_than_reports_do() -> None:
    gone = said("gone", gone=True, **CLEAN | TIKTOK | {"reported_at": NOW - 240 * HOUR})
    told = posture(gone, FINE, precedence=("gone",))
    assert told.state is PostureState.LISTED
    supposed = what_if.without_apps(access(PHONE, told, now=NOW), ("tiktok",), CATALOG)
    assert supposed.posture.expires_at is not None
    assert supposed.posture.expires_at - supposed.now <= MAX_AGE


# --- a source that is away

KEEP = 8 * HOUR
STALE_IS_OUT = (
    {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists'},
    {"id": "unproven-handheld", "when": 'client.handheld && !(device.state in ["clean", "listed"])'},
    {"id": "clean-handheld", "when": "client.handheld", "effect": "allow"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "state", "effect_then"),
    [
        (23.9, PostureState.CLEAN, Effect.ALLOW),
        (24, PostureState.UNAVAILABLE, Effect.ALLOW),
        (31.9, PostureState.UNAVAILABLE, Effect.ALLOW),
        (32, PostureState.UNAVAILABLE, Effect.BLOCK),
        (9999, PostureState.UNAVAILABLE, Effect.BLOCK),
    ],
)
def test_a_report_that_runs_out_in_an_outage_counts_for_a_while(
    hours: float, state: PostureState, effect_then: Effect
) -> None:
    told = posture(FINE, now=NOW + hours * HOUR, away={"fine": NOW + HOUR}, last_known_for=KEEP)
    decided = decide(access(PHONE, told, now=NOW + hours * HOUR), policy_of(*STALE_IS_OUT))
    assert (told.state, decided.effect) == (state, effect_then)


def test_a_report_stale_before_an_outage_stays_stale() -> None:
    for away in ({}, {"fine": NOW + 24 * HOUR}, {"fine": NOW + 25 * HOUR}):
        told = posture(FINE, now=NOW + 26 * HOUR, away=away, last_known_for=KEEP)
        assert told.state is PostureState.STALE


def test_a_partial_report_in_an_outage_changes_no_decision() -> None:
    """Two sources: the one that sees everything is away, the other one sees the managed apps."""
    part = said("part", **CLEAN | {"apps_complete": False, "reported_at": NOW + 20 * HOUR})
    states = [
        posture(FINE, part, now=NOW + hours * HOUR, away={"fine": NOW}, last_known_for=KEEP)
        for hours in (23, 25, 31, 33, 50)
    ]
    rules = policy_of(*STALE_IS_OUT)
    decided = [
        decide(access(PHONE, told, now=NOW + hours * HOUR), rules).effect
        for hours, told in zip((23, 25, 31, 33, 50), states, strict=True)
    ]
    assert decided == [Effect.ALLOW] * 3 + [Effect.BLOCK] * 2


def test_the_last_known_state_of_the_worst_device_counts() -> None:
    away = Posture(PostureState.UNAVAILABLE, last_state=PostureState.CLEAN, expires_at=NOW + KEEP)
    for other in (PostureState.PARTIAL, PostureState.LISTED):
        for both in ([away, Posture(other)], [Posture(other), away]):
            assert strictest(both).last_state is other
    unknown = Posture(PostureState.UNAVAILABLE)
    assert strictest([away, unknown]).last_state is None
    sooner = replace(away, expires_at=NOW + HOUR)
    assert strictest([away, sooner]).expires_at == strictest([sooner, away]).expires_at == NOW + HOUR


SOURCES = ("one", "two")
RESTRICTING = (
    '"prohibited" in device.lists', '!("prohibited" in device.lists)', "!device.managed", "true", 'device.kind == "phone"',
    'device.state in ["stale", "missing"]', '!(device.state in ["clean", "listed"])', 'device.state != "clean"',
    '!(device.state in ["clean", "listed", "partial"])',
)  # fmt: skip
ALLOWING = ('device.state == "clean"', 'device.state in ["clean", "listed"]', 'device.state in ["clean", "listed", "partial"]', "device.managed", "true")  # fmt: skip


@st.composite
def outage_rules(draw: st.DrawFn) -> list[dict[str, object]]:
    """Rules that read no clock and do not name ``unavailable``."""
    rules: list[dict[str, object]] = []
    for number in range(draw(st.integers(1, 4))):
        effect = draw(st.sampled_from(["block", "challenge", "warn", "allow"]))
        when = draw(st.sampled_from(ALLOWING if effect == "allow" else RESTRICTING))
        rule = {"id": f"rule-{number}", "when": when, "effect": effect}
        rule["on_unavailable"] = draw(st.sampled_from(["block", "last_known", "allow"]))
        if draw(st.booleans()):
            rule["stages"] = {draw(st.sampled_from(["warn", "report_only", "enforce"])): "2020-01-01"}
        rules.append(rule)
    return rules


@st.composite
def reports_of_one(draw: st.DrawFn) -> tuple[Report, ...]:
    apps = draw(st.sampled_from([frozenset[str](), frozenset({"tiktok"})]))
    return tuple(
        said(
            source,
            reported_at=NOW - draw(st.integers(0, 30)) * HOUR,
            apps_complete=draw(st.booleans()),
            apps=apps,
            managed=draw(st.sampled_from([None, False, True])),
            kind=draw(st.sampled_from([None, Kind.PHONE])),
            expires_at=draw(st.sampled_from([None, NOW + 2 * HOUR])),
        )
        for source in draw(st.sampled_from([SOURCES, SOURCES[:1]]))
    )


@settings(max_examples=400)
@given(
    outage_rules(),
    st.sampled_from(["block", "warn", "allow"]),
    reports_of_one(),
    st.dictionaries(st.sampled_from(SOURCES), st.integers(-3, 20).map(lambda each: NOW + each * HOUR)),
    st.sampled_from([0, 1, 8]),
)
def test_nobody_gets_mail_back_by_an_outage(
    rules: list[dict[str, object]],
    default: str,
    reports: tuple[Report, ...],
    outages: dict[str, datetime],
    keep: int,
) -> None:
    """The law: over the whole time of an outage of some sources, who is refused at one moment gets no mail at any later
    one, if nothing but time has passed. Policies that themselves let in whom less is known of are left out."""
    policy, order = policy_of(*rules, effect=default), [*Effect]

    def effect_at(told: Posture, now: datetime = NOW) -> int:
        return order.index(decide(access(PHONE, told, now=now), policy).effect)

    known = posture(*reports, now=max(each.reported_at or NOW for each in reports))
    states = [
        PostureState.LISTED if known.lists else PostureState.CLEAN,
        PostureState.PARTIAL,
        PostureState.STALE,
    ]
    knowing_less = [effect_at(replace(known, state=state)) for state in states]
    assume(knowing_less == sorted(knowing_less))
    ends = [end for each in reports for end in ((each.reported_at or NOW) + MAX_AGE, each.expires_at or NOW)]
    turns = {NOW, *outages.values(), *ends, *(end + keep * HOUR for end in ends)}
    moments = {turn + after for turn in turns for after in (timedelta(0), timedelta(seconds=1))}
    refused_at = None
    for now in sorted(moment for moment in moments if moment >= NOW):
        away = {source: since for source, since in outages.items() if since <= now}
        told = posture(*reports, now=now, away=away, last_known_for=keep * HOUR)
        gets_mail = Effect(order[effect_at(told, now)]) in (Effect.ALLOW, Effect.WARN)
        assert not (gets_mail and refused_at), f"refused at {refused_at}, and mail at {now}"
        refused_at = refused_at or (None if gets_mail else now)


@pytest.mark.parametrize("on_unavailable", ["block", "last_known", "allow"])
def test_no_outage_gives_mail_back_by_usual_rules(on_unavailable: str) -> None:
    """The same law, through every outage of one or both of two sources that saw all or some of the apps."""
    policy = policy_of(*(rule | {"on_unavailable": on_unavailable} for rule in STALE_IS_OUT))
    looks = [
        {"reported_at": NOW - age * HOUR, "apps_complete": whole}
        for age in (0, 14, 20)
        for whole in (True, False)
    ]
    times = [NOW + hours * HOUR for hours in (0, 1, 3, 5, 7, 10, 13, 16, 20, 23, 25, 30, 40)]
    for one, two in product(looks, [None, *looks]):
        reports = [said("one", **one), *([said("two", **two)] if two else [])]
        for began in product((None, -1, 2, 6), (None, -1, 6, 14) if two else (None,)):
            outages = {source: NOW + at * HOUR for source, at in zip(SOURCES, began, strict=False) if at}
            refused_at = None
            for now in times:
                away = {source: since for source, since in outages.items() if since <= now}
                told = posture(*reports, now=now, away=away, last_known_for=KEEP)
                gets_mail = decide(access(PHONE, told, now=now), policy).effect is Effect.ALLOW
                assert not (gets_mail and refused_at), (one, two, outages, refused_at, now)
                refused_at = refused_at or (None if gets_mail else now)


@given(reports_of_one(), st.sampled_from(SOURCES), st.integers(0, 60))
def test_a_foretold_outage_is_what_happens(reports: tuple[Report, ...], source: str, hours: int) -> None:
    """``explain``, the console and the employee's page foretell by the posture of now: also where two sources looked at
    the same time, and one of them is away."""
    reports = tuple(replace(each, reported_at=reports[0].reported_at, expires_at=None) for each in reports)
    terms = {"away": {source: NOW - 40 * HOUR}, "last_known_for": KEEP}
    asks, then = access(PHONE, posture(*reports, **terms), now=NOW), NOW + hours * HOUR
    foretold, happens = what_if.at(asks, then).posture, posture(*reports, now=then, **terms)
    if happens.state is not PostureState.UNAVAILABLE:
        happens = replace(happens, last_state=foretold.last_state)
    same = ("state", "last_state", "apps", "lists", "expires_at", "managed")
    assert [getattr(foretold, each) for each in same] == [getattr(happens, each) for each in same]


# --- a clock that was ahead


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=3), timedelta(days=9000)])
def test_a_clean_look_from_the_future_hides_nothing(ahead: timedelta) -> None:
    odd = said("odd", **CLEAN | {"reported_at": NOW + ahead})
    alone = posture(odd)
    assert (alone.state, alone.reported_at, alone.expires_at) == (PostureState.STALE, None, None)
    assert posture(odd, APP).lists == ("prohibited",)
    assert posture(odd, FINE).state is PostureState.CLEAN
    seen_before = said("before", **CLEAN | TIKTOK | {"reported_at": NOW - HOUR})
    assert posture(odd, seen_before).lists == ("prohibited",)


def test_an_app_seen_in_the_future_is_not_taken_back_by_an_earlier_look() -> None:
    odd = said("odd", **CLEAN | TIKTOK | {"reported_at": NOW + timedelta(days=3)})
    assert posture(odd, FINE).lists == ("prohibited",)
    later = said("fine", **CLEAN | {"reported_at": NOW + timedelta(days=4)})
    assert posture(odd, later, now=NOW + timedelta(days=4)).lists == ()


def test_clocks_that_differ_a_little_make_no_difference() -> None:
    told = posture(said("odd", **CLEAN | {"reported_at": NOW + timedelta(minutes=5)}))
    assert (told.state, told.reported_at) == (PostureState.CLEAN, NOW)


def test_a_clock_ahead_keeps_an_owner_only_until_the_next_look() -> None:
    ahead = said("one", owner="ada", **CLEAN | {"reported_at": NOW + timedelta(days=3)})
    assert posture(ahead, said("two", owner="bob", **CLEAN)).owner == "bob"
