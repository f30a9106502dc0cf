"""Rules that the tests of changes share."""

from mailgate.config import Rules, compile_rules

APPS = "apps: {tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok]}\n"
OPEN = "rules: [{id: open, when: 'true', effect: allow}]\n"
SHUT = "rules: [{id: shut, when: 'true', effect: block}]\n"
STRICT = "rules: [{id: strict, when: 'true', effect: block}]\n"
OTHER = "rules: [{id: other, when: 'true', effect: warn}]\n"


def rules(policy: str = OPEN, apps: str = APPS) -> Rules:
    """The rules of these files."""
    return compile_rules({"apps.yaml": apps, "policy.yaml": policy})
