"""The rehearsal of ``config/examples/personal-phones``: from rules under which every personal phone is refused, what it opens and closes."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.versions import plan_for, put_in_force
from tests.unit.store.examples import NOW

from mailgate.config import compile_rules, load_bundle
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Enrolment, Kind, ManagementVerdict
from mailgate.rollout.kept_plans import Movers
from mailgate.store import Store

ROOT = Path(__file__).parents[3]
EXAMPLE = load_bundle(ROOT / "config/examples/personal-phones/mailgate.yaml").rules
BEFORE = compile_rules(
    {"apps.yaml": EXAMPLE.texts["apps.yaml"], "policy.yaml": (ROOT / "config/policy.yaml").read_text("utf-8")}
)
"""The shipped rules, by which a phone of which not every app is seen gets no mail."""
EVERY = frozenset({"tiktok"})


def phone(
    owner: str,
    enrolment: Enrolment,
    compliance: Compliance = Compliance.COMPLIANT,
    *,
    whole: bool = False,
    looked_for: frozenset[str] = frozenset(),
    ago: timedelta = timedelta(hours=1),
    apps: frozenset[str] = frozenset(),
    os: str = "ios",
) -> Report:
    """A phone whose management has looked at its apps and judged it."""
    return report_by(
        "intune", f"of-{owner}", owner, Kind.PHONE, os, managed=True, enrolment=enrolment,
        apps=AppsReport(apps, whole, NOW - timedelta(hours=1)),
        verdict=ManagementVerdict(compliance, NOW - ago, looked_for),
    )  # fmt: skip


PHONES = {
    # personal, and the same under both: nobody can see what is there
    "ada": phone("ada", Enrolment.WORK_PROFILE_PERSONAL, os="android"),
    "ben": phone("ben", Enrolment.USER_ENROLMENT, looked_for=EVERY),
    # personal, judged by a policy that looks for these apps
    "cid": phone("cid", Enrolment.DEVICE_ENROLMENT, looked_for=EVERY),
    "dee": phone("dee", Enrolment.DEVICE_ENROLMENT),
    "eve": phone("eve", Enrolment.DEVICE_ENROLMENT, looked_for=EVERY, apps=EVERY),
    # the company's, seen whole
    "fay": phone("fay", Enrolment.SUPERVISED, whole=True),
    "gus": phone("gus", Enrolment.SUPERVISED, Compliance.NONCOMPLIANT, whole=True),
}


async def moved(store: Store, url: str) -> dict[str, tuple[str, str, str]]:
    """Who would get something else, with what they get before and after, and by which rule."""
    with Movers() as movers:
        await plan_for(store, url, EXAMPLE, movers=movers)
        return {
            each.person: (each.before, each.effect, each.rule) for page in movers.pages() for each in page
        }


@pytest.fixture
async def store(store: Store) -> Store:
    await put_in_force(store, BEFORE)
    await store.devices.ingest([each.received(NOW) for each in PHONES.values()], NOW)
    for owner in PHONES:
        await people.see(store, BEFORE.policy, people.page_load(people.WINDOWS), owner)
    return store


async def test_the_example_opens_to_vouched_phones_and_closes_to_refused_ones(store: Store, url: str) -> None:
    assert await moved(store, url) == {
        "cid": ("block", "allow", "vouched-iphone"),
        "gus": ("allow", "block", "management-refuses"),
    }
