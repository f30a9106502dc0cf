"""Relief: some people are exempt, one no longer, and some who are refused ask for help."""

from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW

from mailgate.policy.reliefs import Cause
from mailgate.store import Store


async def test_some_people_are_exempt_and_one_no_longer(store: Store, made: Made) -> None:
    given = [each for each in await store.reliefs.history() if each.relief.cause is Cause.EXEMPTION]
    assert [each.holds(NOW) for each in given] == [False, True, True]
    assert all(each.relief.person and each.relief.why for each in given)


async def test_exempt_people_got_mail_since_their_exemption(store: Store, made: Made) -> None:
    for relief in (await store.reliefs.current(NOW)).every:
        rows = await store.sightings.latest(user=relief.person, size=1000)
        since = [row for row in rows if row.tally.first >= relief.at]
        assert since
        assert {row.sighting.effect for row in since if row.sighting.rule != "default"} == {"allow"}


async def test_a_rule_is_off_until_somebody_puts_it_back(store: Store, made: Made) -> None:
    (off,) = await store.reliefs.off(NOW)
    assert (off.relief.cause, off.relief.author) == (Cause.BREAK_GLASS, "grace")
    assert off.relief.until
    assert off.relief.until > NOW > off.relief.at


async def test_people_who_ask_for_help_were_refused_by_that_rule(store: Store, made: Made) -> None:
    asked = await store.help_requests.page()
    assert asked
    for each in asked:
        refusal = await store.sightings.find(each.reference)
        assert refusal
        assert (refusal.sighting.user, refusal.sighting.rule) == (each.person, each.rule)
        assert refusal.sighting.effect == "block"
