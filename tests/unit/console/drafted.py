"""The small company with files as people write them, in force: TikTok is prohibited, WeChat is only listed."""

from tests.unit.console.browsing import NOW, Company

from mailgate.config import load_bundle
from mailgate.rollout.stored_rules import rule_texts_of, rules_of
from mailgate.store import Act

APPS = """\
# the apps that we know
apps:
  tiktok: {name: TikTok}
  wechat: {name: WeChat}   # asked for by legal
lists:
  prohibited: [tiktok]
"""
POLICY = """\
rules:
  - {id: laptop-browser, when: 'client.kind == "laptop"', effect: allow}
  - id: prohibited-app
    title: No prohibited app
    when: client.handheld && "prohibited" in device.lists
    effect: block
    stages: {warn: 2026-11-01, enforce: 2026-12-24T09:00:00+01:00}
    share: 25%
  - {id: everybody, when: "true", effect: allow}
"""


async def written(firm: Company, share: str = "25%") -> None:
    """Put these files on disk and in force."""
    (firm.folder / "apps.yaml").write_text(APPS)
    (firm.folder / "policy.yaml").write_text(POLICY.replace("25%", share))
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml", {})
    await firm.store.policies.activate(rule_texts_of(firm.bundle.rules), Act(NOW, "file", "policy-activated"))


async def followed(firm: Company) -> None:
    """Let the gate take over the rules that are in force in the store."""
    active = await firm.store.policies.active()
    assert active
    rules = await rules_of(firm.store.policies, active)
    firm.bundle = type(firm.bundle)(firm.bundle.settings, rules, firm.bundle.stamps)
    held = "" if load_bundle(firm.folder / "mailgate.yaml", {}).rules.digest == active.digest else "others"
    firm.ready["rules"] = firm.ready["rules"] | {"held": held, "number": active.number}


async def planned(firm: Company) -> str:
    """The digest of the plan that is being made."""
    assert firm.context.planning._task
    await firm.context.planning._task
    assert firm.context.planning.last
    assert firm.context.planning.last.digest, firm.context.planning.last.wrong
    return firm.context.planning.last.digest
