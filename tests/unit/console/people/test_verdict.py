"""The verdict on one person in sentences: nobody is told as a fact what is not known."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.people.verdict import PersonVerdict, named, verdict_on

AT, LATER = datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 12, 2, 12, tzinfo=UTC)


def device(mail: str, os: str = "ios", *, asked: str = "block", name: str = "aaaa-1111", **of: Any) -> Any:
    """A device with the effect of its last request; empty if it never asked."""
    told = {"cause": "TikTok on it", "apps": ["TikTok"], "until": None, "since": AT, "then": "no mail"} | of
    status = SimpleNamespace(mail=MailAccess(mail), headline=mail, **told)
    return SimpleNamespace(
        mail_status=status,
        facts=SimpleNamespace(id=name, kind="phone", os=os),
        asked_at=AT if asked else None,
        sighting="s1" if asked else "",
        effect=asked,
    )


def client(effect: str, os: str = "windows") -> Any:
    return SimpleNamespace(name=f"laptop, {os}", kind="laptop", os=os, effect=effect, cause="Unknown", last=LATER, sighting="s2")  # fmt: skip


def verdict(*devices: Any, others: tuple[Any, ...] = (), more: int = 0) -> PersonVerdict:
    return verdict_on(SimpleNamespace(devices=list(devices), others=list(others), more_devices=more))  # type: ignore[arg-type]


IPAD = device("gets-mail", "ipados", asked="allow", name="bbbb-2222")
UNTIL = {"until": LATER}


@pytest.mark.parametrize(
    ("devices", "others", "state", "said"),
    [
        ([device("kept-out")], (), "kept-out", ["The iPhone gets no mail because TikTok is on it."]),
        ([device("kept-out", apps=["A", "B"]), IPAD], (), "kept-out", ["The iPhone gets no mail because these apps are on it: A and B.", "The iPad gets mail."]),
        ([device("kept-out", apps=[], cause="Too old")], (), "kept-out", ["The iPhone gets no mail: Too old."]),
        ([device("must-prove-itself", "android")], (), "must-prove-itself", ["The Android phone gets no mail until it has proved itself: TikTok on it."]),
        ([IPAD, device("lost")], (), "lost", ["The iPhone is marked as lost and gets no mail.", "The iPad gets mail."]),
        ([device("lost"), device("kept-out", "android", name="dddd-4444")], (), "kept-out", ["The Android phone gets no mail because TikTok is on it.", "The iPhone is marked as lost and gets no mail."]),
        ([device("exempt", **UNTIL)], (), "exempt", ["The iPhone is let in until 2026-12-02 12:00 UTC. After that, no mail: TikTok on it."]),
        ([device("exempt")], (), "exempt", ["The iPhone is let in. Without that it gets no mail: TikTok on it."]),
        ([device("exempt", then="warned", **UNTIL)], (), "exempt", ["The iPhone is let in until 2026-12-02 12:00 UTC. After that, a warning before the mail: TikTok on it."]),
        ([device("exempt", then="warned")], (), "exempt", ["The iPhone is let in. Without that, a warning comes before the mail: TikTok on it."]),
        ([device("warned", **UNTIL)], (), "warned", ["The iPhone gets mail until 2026-12-02 12:00 UTC, after a warning: TikTok on it."]),
        ([device("warned")], (), "warned", ["The iPhone gets mail after a warning: TikTok on it."]),
        ([device("gets-mail", asked="")], (), "gets-mail", ["The iPhone has not asked for mail yet."]),
        ([device("gets-mail")], (), "gets-mail", ["The iPhone gets mail now. Its last try was refused."]),
        ([device("gets-mail", "windows", asked="")], (client("allow"),), "gets-mail", ["The last try without a known device got mail: laptop, windows."]),
        ([IPAD], (client("block"),), "kept-out", ["The last try without a known device was refused: laptop, windows. Unknown.", "The iPad gets mail."]),
        ([], (client("allow"),), "", ["The last try without a known device got mail: laptop, windows."]),
        ([], (), "", ["No source has reported a device, and we have no request for mail."]),
    ],
)  # fmt: skip
def test_the_verdict_says_what_gets_no_mail_first(
    devices: list[Any], others: tuple[Any, ...], state: str, said: list[str]
) -> None:
    told = verdict(*devices, others=others)
    assert (told.state, list(told.sentences)) == (state, said)


def test_the_decision_whose_steps_are_read_out_is_that_of_the_worst() -> None:
    told = verdict(IPAD, device("kept-out"), others=(client("block"),))
    assert (told.sighting, told.since, told.tried) == ("s1", AT, LATER)
    assert verdict(IPAD, others=(client("block"),)).sighting == "s2"


@pytest.mark.parametrize(
    ("devices", "since"),
    [
        ([device("gets-mail", asked="allow"), device("gets-mail", asked="allow", since=LATER)], LATER),
        ([device("gets-mail", asked="allow"), device("gets-mail", asked="block", since=None)], None),
        ([device("gets-mail", asked="allow"), device("gets-mail", asked="", since=None)], AT),
        ([device("kept-out"), device("gets-mail", asked="allow", since=LATER)], AT),
    ],
    ids=["the last to begin", "one was refused since", "one never asked", "no mail is said of the worst"],
)
def test_a_person_gets_mail_since_all_devices_do(devices: list[Any], since: datetime | None) -> None:
    assert verdict(*devices).since == since


def test_devices_of_one_kind_are_told_apart() -> None:
    two = named([device("lost"), device("lost", name="cccc-3333"), IPAD])
    assert list(two.values()) == ["the iPhone …1111", "the iPhone …3333", "the iPad"]


@pytest.mark.parametrize(
    ("more", "said"),
    [(1, "1 more device was not looked at here."), (5, "5 more devices were not looked at here.")],
)
def test_devices_beyond_those_that_are_listed_are_told_as_not_looked_at(more: int, said: str) -> None:
    assert verdict(IPAD, more=more).sentences == ("The iPad gets mail.", said)
