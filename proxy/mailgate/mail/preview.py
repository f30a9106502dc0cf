"""Previews of a notice, for one person or for a made-up one."""

from collections.abc import AsyncIterator
from datetime import datetime

from mailgate.config import Rules
from mailgate.mail.audience import Audience, audience_of, everybody
from mailgate.mail.recipient_list import DataScope, notice_about
from mailgate.mail.topic import Topic
from mailgate.model import Access, Client, Kind, Posture, PostureState, Reason, RequestFacts
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, Standing
from mailgate.policy import Policy
from mailgate.policy.reasons import apps_named, infer
from mailgate.policy.simulate.impact import Subject
from mailgate.rollout.replay import Population
from mailgate.store import Store


async def sample(
    store: Store, rules: Rules, topic: Topic, data_scope: DataScope, login: str, now: datetime
) -> Audience:
    """The audience among the devices of one person, or among all if no login is given."""
    population = data_scope.population(store, rules, now)
    subjects = _of_person(population, login) if login else everybody(population, lambda *_: None)
    return await audience_of(rules.policy, topic.rule.id, topic.at, subjects)


async def _of_person(population: Population, login: str) -> AsyncIterator[list[Subject]]:
    yield await population.person(login)


async def nobody() -> AsyncIterator[list[Subject]]:
    """No subjects, for a preview that reads no devices."""
    for _ in ():
        yield []


def stand_in(policy: Policy, topic: Topic, any_laptop: bool) -> Audience:
    """An audience of one made-up phone, whose person has no name.

    If the rule is about apps, the phone has the first that it names, so that the mail names one and has the steps for
    it.
    """
    rule, catalog = topic.rule, policy.catalog
    apps = tuple(sorted(apps_named(rule.when, catalog))[:1])
    state = PostureState.LISTED if apps else PostureState.MISSING
    client = Client(Kind.PHONE, handheld=True, os="ios")
    access = Access(RequestFacts(), client, Posture(state, apps=apps), topic.at)
    reason = rule.reason or infer(rule.when, rule.effect, access, catalog)
    names = tuple(map(catalog.name_of, apps)) if reason is Reason.PROHIBITED_APP else ()
    found = Audience(any_laptop=any_laptop)
    found.people[""].add(NoticeDevice(reason, Kind.PHONE, "ios", names, rule.notice.fix or ""))
    return found


async def made_up(policy: Policy, topic: Topic) -> Notice:
    """The notice to a made-up person. What it says about laptops is true by these rules."""
    looked = await audience_of(policy, topic.rule.id, topic.at, nobody())
    return notice_about(topic, stand_in(policy, topic, looked.any_laptop), "", "")


def made_up_correction(policy: Policy) -> Notice:
    """The correction to a made-up person who was kept out by the first rule of this policy that restricts."""
    rule = next((each for each in policy.rules if each.restricts), None)
    reason = (rule and rule.reason) or Reason.RULE_MATCHED
    reached = RuleEncounter(EncounterKind.REFUSAL, (rule and rule.title) or "", reason)
    contact = (rule and rule.notice.contact) or ""
    return Notice(
        MailKind.CORRECTION,
        contact=contact,
        encounters=(reached,),
        devices=(NoticeDevice(Reason.RULE_MATCHED, Kind.PHONE, "ios", standing=Standing.OPEN),),
    )
