"""``docs/decisions/0029``: a login is one person by one law, and "everything behind compares persons, in ASCII without case".

Directories and most mail servers take ``ADA``, ``CORP\\ada`` and ``ada@corp.example`` for one login, so a rule that names ``ada`` has to
be about all of them, whether or not the settings name the domains.
"""

from base64 import b64encode

import aiohttp
from tests.integration.conftest import Guard
from tests.integration.conftest import client as client
from tests.integration.conftest import guard as guard
from tests.integration.conftest import webmail as webmail

RULES = {
    "rules": [
        {"id": "not-ada", "when": 'user.name == "ada"', "effect": "block"},
        {"id": "the-rest", "when": "true", "effect": "allow"},
    ]
}
EAS = "/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=x&DeviceId=AB12&DeviceType=iPhone"


async def test_a_rule_that_names_somebody_is_about_every_spelling_of_the_name(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    url = guard(RULES, trusted_proxies=["127.0.0.1/32"]).url
    for login in ("ada", "ADA", "Ada", "CORP\\ada", "ada@corp.example"):
        basic = {
            "Authorization": "Basic " + b64encode(f"{login}:x".encode()).decode(),
            "User-Agent": "Apple-iPhone14C2/2002.62",
        }
        named = {"X-Forwarded-User": login, "User-Agent": "Mozilla/5.0"}
        for path, headers in ((EAS, basic), ("/inbox", named)):
            async with client.get(url + path, headers=headers) as answer:
                assert "mail for" not in await answer.text(), (path, login)
