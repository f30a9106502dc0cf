"""A form that was not done comes back with what was typed."""

import re
from html import unescape
from importlib.resources import files

import pytest
from tests.unit.console.browsing import ORIGIN, Browser, Company, Page

from mailgate.console.returned_forms import TYPED
from mailgate.console.sessions import MAX_IDLE

FROM_HERE = {"Origin": ORIGIN, "Referer": f"{ORIGIN}/console/exemptions?rule=x"}
EXEMPT = "/console/exemptions"
FORM = {"whom": "Alice", "what": "person", "rule": "prohibited-app", "days": "1", "why": 'on a "journey"'}
CHOSEN = {"days", "device"}
"""Short ones that come back as they were sent, out of sight."""


def fields(page: Page) -> dict[str, str]:
    """What the form on a page would send."""
    form = page.text.partition('<form class="card stack"')[2].partition("</form>")[0]
    hidden_or_short = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form)
    lines = re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)', form)
    return {name: unescape(text) for name, text in [*hidden_or_short, *lines]}


async def test_a_session_that_ends_while_somebody_types_takes_no_word_away(
    ada: Browser, firm: Company
) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send(EXEMPT, FROM_HERE, csrf=ada.csrf, **FORM)
    assert (page.status, fields(page)) == (401, FORM)
    assert 'href="/console/login?next=%2Fconsole%2Fexemptions%3Frule%3Dx" target="_blank"' in page.text
    assert (await firm.acts())[-1][0] == "console-login"
    await ada.log_in("ada")
    page = await ada.send(EXEMPT, FROM_HERE, **fields(page))
    assert (page.status, fields(page)) == (403, {"csrf": ada.csrf} | FORM)
    assert "you have logged in again" in page.words
    page = await ada.send(EXEMPT, FROM_HERE, **fields(page))
    assert page.status == 200
    assert (await firm.acts())[-1][0] == "exemption-given"


async def test_after_a_session_nothing_that_comes_from_nowhere_is_shown_again(
    ada: Browser, firm: Company
) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send(EXEMPT, {}, **FORM)
    assert (page.status, "journey" in page.text) == (401, False)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_another_site_has_nobody_send_what_it_made_up(ada: Browser, headers: dict[str, str]) -> None:
    page = await ada.send(EXEMPT, headers, **FORM)
    assert (page.status, "journey" in page.text) == (403, False)


async def test_who_lost_the_role_meanwhile_keeps_the_words(ada: Browser, firm: Company) -> None:
    firm.roles(ada="viewer")
    page = await ada.post(EXEMPT, **FORM)
    assert (page.status, fields(page)["why"]) == (403, FORM["why"])


async def test_a_file_does_not_come_back(ada: Browser, firm: Company) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send("/console/policy/plans", FROM_HERE, **{"from": "upload", "file": "rules: []"})
    assert (page.status, "rules: []" in page.text, "Log in" in page.words) == (401, False, True)


def test_every_text_that_a_form_of_the_console_takes_comes_back() -> None:
    templates = files("mailgate.console").joinpath("templates")
    texts = [
        each.read_text("utf-8")
        for folder in (templates, templates / "parts")
        for each in folder.iterdir()
        if each.name.endswith(".html") and each.name not in ("login.html", "refused.html")
    ]
    forms = [
        form for text in texts for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    ]
    forms.append(templates.joinpath("parts/note.html").read_text("utf-8"))
    typed = set()
    for mark in re.findall(r"<(?:input|textarea)[^>]*>", "".join(forms)):
        if not re.search(r'type="(hidden|checkbox|file)"', mark) and (
            name := re.search(r'name="(\w+)"', mark)
        ):
            typed.add(name[1])
    assert typed - CHOSEN <= TYPED.keys()
    assert len(typed) > 5
