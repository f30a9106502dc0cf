"""A plan in force is watched: whom it kept out against whom it named, and the way back beside it."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.plans.test_page import planned, settled
from tests.unit.store.examples import access

from mailgate.model import Decision, Effect, Reason, RequestFacts


async def refused(firm: Company, policy: str, user: str) -> None:
    decision = Decision(Effect.BLOCK, Reason.RULE_MATCHED, "nobody", policy)
    asked = access(RequestFacts(headers={"user-agent": "x"}), device="", user=user, now=firm.clock())
    firm.store.ledger.record(asked, decision, "REF")
    await firm.store.ledger.flush()


async def test_the_outcome_tells_planned_and_other_refusals(lin: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(lin, firm)
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert page.path == f"/console/policy/plans/{digest}"  # it is not in force
    applied = {"confirmed": "yes", "note": "sent in error", "override": "yes"}
    await lin.post(f"/console/policy/plans/{digest}/apply", **applied)
    (plan,) = await firm.store.plans.find(digest)
    firm.clock.now = NOW + timedelta(minutes=20)
    for user in ("bob", "BOB", "somebody"):
        await refused(firm, plan.candidate.policy, user)
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert "1 of 2 people kept out, as planned so far" in page.words
    assert "1 kept out who were not in the plan" in page.words
    assert "Retract …" in page.words
    firm.clock.now = NOW + timedelta(minutes=30)
    await lin.post("/console/policy/retract", confirmed="yes", note="sent in error", to="1")
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert "1 of 2 people kept out, as planned" in page.words
    assert "Retracted In force as version 2 from" in page.words
    assert "lin retracted it, and version 1 came back: sent in error" in page.words
    assert "Retract …" not in page.words
    assert "data-again" not in page.text, "it changes no more"
    page = await lin.get(f"/console/policy/plans/{digest}")
    assert "Retracted In force as version 2 from" in page.words
    assert "It opens again" not in page.words
    assert f'href="/console/policy/plans/{digest}/watch"' in page.text
    assert "Plan it again" in page.words
    assert "Retracted" in (await lin.get("/console/policy/plans")).words
