"""What somebody would be written about a rule: one person, or a made-up one where the rule is about nobody who is known."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from mailgate.config import Rules
from mailgate.mail.announce import Known, facts_of
from mailgate.mail.corrections import KEPT_OUT
from mailgate.mail.recipients import Device, Recipients, everybody, recipients_of
from mailgate.mail.topic import Topic
from mailgate.model import Access, Client, Kind, Posture, PostureState, Reason, RequestFacts
from mailgate.policy import Policy
from mailgate.policy.reasons import apps_named, infer
from mailgate.rollout.population import Population
from mailgate.simulate import Subject
from mailgate.store import Store


async def sample(
    store: Store, rules: Rules, topic: Topic, known: Known, login: str, now: datetime
) -> Recipients:
    """The audience of one person, or of everybody where no login is given."""
    population = known.population(store, rules, now)
    subjects = _of_person(population, login) if login else everybody(population, lambda *_: None)
    return await recipients_of(rules.policy, topic.rule.id, topic.at, subjects)


async def _of_person(population: Population, login: str) -> AsyncIterator[list[Subject]]:
    yield await population.person(login)


async def nobody() -> AsyncIterator[list[Subject]]:
    """The subjects of a preview that looks at nobody's devices."""
    for _ in ():
        yield []


def stand_in(policy: Policy, topic: Topic, any_laptop: bool) -> Recipients:
    """A phone that the rule would be about, where none is known; its person has no name.

    Where the rule is about apps, the first that it names is on it, so that the mail names one and has the steps for it.
    """
    rule, catalog = topic.rule, policy.catalog
    apps = tuple(sorted(apps_named(rule.when, catalog))[:1])
    state = PostureState.LISTED if apps else PostureState.MISSING
    client = Client(Kind.PHONE, handheld=True, os="ios")
    access = Access(RequestFacts(), client, Posture(state, apps=apps), topic.at)
    reason = rule.reason or infer(rule.when, rule.effect, access, catalog)
    names = tuple(map(catalog.name_of, apps)) if reason is Reason.PROHIBITED_APP else ()
    found = Recipients(any_laptop=any_laptop)
    found.people[""].add(Device(reason.value, Kind.PHONE.value, "ios", names, rule.notice.fix or ""))
    return found


async def made_up(policy: Policy, topic: Topic) -> dict[str, Any]:
    """What the mail to a made-up person says, with a true word on laptops."""
    looked = await recipients_of(policy, topic.rule.id, topic.at, nobody())
    return facts_of(topic, stand_in(policy, topic, looked.any_laptop), "", "")


def made_up_correction(policy: Policy) -> dict[str, Any]:
    """What a made-up person is told whom the first rule of this policy that restricts had kept out."""
    rule = next((each for each in policy.rules if each.restricts), None)
    reason = (rule and rule.reason) or Reason.RULE_MATCHED
    said = [KEPT_OUT, (rule and rule.title) or "", reason.value]
    contact = (rule and rule.notice.contact) or ""
    return {"language": "", "said": [said], "clear": True, "contact": contact}
