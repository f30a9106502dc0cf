import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from mailgate.gateway.pages.render import Pages, RenderedPage
from mailgate.gateway.pages.view import View
from mailgate.model import Effect, Kind, Reason, Update
from mailgate.model.phrase import TAGS

HOSTILE = "\"'><script>alert(1)</script>{{7*7}}%(x)s\u202e"


class Outline(HTMLParser):
    """What a page is made of: its tags, their attributes and its words."""

    def __init__(self, page: RenderedPage) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def forms(self) -> list[dict[str, str]]:
        """All but the choice of a language, which every page has."""
        return [each for each in self.all("form") if each["action"] != "/.mailgate/language"]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def render_all(pages: Pages, view: View) -> list[RenderedPage]:
    return [
        pages.page("refusal", view),
        pages.page("warning", view),
        pages.page("error", view),
        pages.page("refusal", replace(view, help_ticket="1.ticket")),
        pages.page("help", view),
        pages.page("probe", replace(view, reason=Reason.PROBE_REQUIRED), may_skip=True),
    ]


FOUND_GOOD = set[tuple[str, str]]()
"""Pages that were looked at: of 816 in a language, 208 are different."""


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_page_in_every_language(
    pages: Pages, blocked: View, reason: Reason, language: str
) -> None:
    deadline = blocked.now + timedelta(days=3)
    view = replace(blocked, reason=reason, accept_language=language, deadline=deadline, effect=Effect.WARN)
    for page in render_all(pages, view):
        assert page.language == language
        if (language, page.html) in FOUND_GOOD:
            continue
        outline = Outline(page)
        assert outline.all("html") == [{"lang": language, "dir": "rtl" if language == "ar" else "ltr"}]
        headings = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
        assert headings == sorted(headings)
        assert headings.count(1) == 1
        assert (blocked.reference in outline.words) is ('id="help"' in page.html)
        assert "%(" not in page.html
        assert len(page.html.encode()) < 20 * 1024
        FOUND_GOOD.add((language, page.html))


@pytest.mark.parametrize("os", ["ios", "ipados", "android", ""])
@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("apps", [("TikTok",), ("TikTok", "WeChat"), ("A", "B", "C", "D")])
def test_every_app_is_named(
    pages: Pages, blocked: View, os: str, language: str, apps: tuple[str, ...]
) -> None:
    page = pages.page("refusal", replace(blocked, os=os, accept_language=language, apps=apps))
    assert all(page.html.count(f"<bdi>{app}</bdi>") == 2 for app in apps)  # the cause and the steps


def test_a_refusal_says_why_what_ends_it_and_whom_to_ask(pages: Pages, blocked: View) -> None:
    words = Outline(pages.page("refusal", replace(blocked, laptops_open=True))).words
    for text in (
        "Company mail is paused on this phone",
        "TikTok was found on this device.",
        "tap “Remove App”",
        "Reading mail in a laptop browser is not affected.",
        "Check again",
        "it-help@example.com",
        "7f3a91c25e08",
        "mail.example.com",
    ):
        assert text in words


def test_a_refusal_and_a_warning_lead_to_the_persons_own_page(pages: Pages, blocked: View) -> None:
    for page in (pages.page("refusal", blocked), pages.page("warning", blocked)):
        assert "/.mailgate/me" in [link["href"] for link in Outline(page).all("a")]


@pytest.mark.parametrize(
    ("kind", "said"), [(Kind.PHONE, True), (Kind.TABLET, True), (Kind.UNKNOWN, True), (Kind.LAPTOP, False)]
)
def test_laptops_are_not_told_to_use_a_laptop(pages: Pages, blocked: View, kind: Kind, said: bool) -> None:
    view = replace(blocked, kind=kind, laptops_open=True)
    assert ("laptop browser" in Outline(pages.page("refusal", view)).words) is said


def test_nobody_is_told_of_laptops_where_it_is_not_known_that_they_are_let_in(
    pages: Pages, blocked: View
) -> None:
    assert not blocked.laptops_open
    for words in (
        Outline(page).words for page in (pages.page("refusal", blocked), pages.page("warning", blocked))
    ):
        assert "laptop" not in words
    assert "laptop" not in pages.refusal_mail(blocked).text


@pytest.mark.parametrize("apps", [(), ("TikTok",)])
def test_a_warning_without_a_day_foretells_nothing(
    pages: Pages, blocked: View, apps: tuple[str, ...]
) -> None:
    """A rule may do no more than warn, for ever."""
    view = replace(blocked, effect=Effect.WARN, deadline=None, apps=apps)
    words = Outline(pages.page("warning", view)).words
    assert "You can open your mail all the same." in words
    for foretold in ("paused", "will", "Later", "get no", "gets no"):
        assert (
            foretold
            not in words.partition(":root")[0] + words.partition("You can open")[2].partition("const")[0]
        )


def test_check_again_is_a_link_that_works_without_scripts(pages: Pages, blocked: View) -> None:
    (check,) = [a for a in Outline(pages.page("refusal", blocked)).all("a") if a.get("id") == "check"]
    assert check["href"] == "/?_task=mail&_mbox=INBOX"
    assert check["data-status"] == "/.mailgate/status"
    assert check["data-effect"] == "block"


def test_a_warning_lets_through(pages: Pages, blocked: View) -> None:
    view = replace(blocked, effect=Effect.WARN, continue_url="/.mailgate/continue?to=%2F")
    assert Outline(pages.page("warning", view)).forms() == [
        {"method": "post", "action": "/.mailgate/continue?to=%2F"}
    ]


@pytest.mark.parametrize(("days", "said"), [(6, True), (0, False), (-1, False)])
def test_a_deadline_is_said_while_it_runs(pages: Pages, blocked: View, days: int, said: bool) -> None:
    view = replace(blocked, deadline=blocked.now + timedelta(days=days))
    for page in (pages.page("refusal", view), pages.page("warning", view)):
        outline = Outline(page)
        assert bool(outline.all("time")) is said
        assert ("in 6 days" in outline.words) is said


@pytest.mark.parametrize(
    ("reason", "link"), [(Reason.UPSTREAM_TIMEOUT, "/?_task=mail&_mbox=INBOX"), (Reason.NOT_FOUND, "/")]
)
def test_an_error_offers_what_may_help(pages: Pages, blocked: View, reason: Reason, link: str) -> None:
    outline = Outline(pages.page("error", replace(blocked, reason=reason, status=504, contact="")))
    assert [a["href"] for a in outline.all("a")] == [link]
    assert "Error 504" in outline.words
    assert not outline.all("script")


@pytest.mark.parametrize("language", TAGS)
def test_the_store_is_linked_to_in_every_language(pages: Pages, blocked: View, language: str) -> None:
    url = "https://store.example.com/?a=1&b=2"
    view = replace(blocked, fix="get-extension", extension_url=url, accept_language=language)
    page = pages.page("refusal", view)
    (link,) = [each for each in Outline(page).all("a") if each["href"] == url]
    assert link["rel"] == "noreferrer"
    assert "%(" not in page.html


def test_hostile_texts_stay_texts(pages: Pages, blocked: View) -> None:
    view = replace(
        blocked, apps=(HOSTILE,), rule_title=HOSTILE, fix=HOSTILE, contact=HOSTILE, host=HOSTILE,
        reference=HOSTILE, os=HOSTILE, accept_language=HOSTILE, default_language=HOSTILE,
        return_url="javascript:alert(1)", continue_url="//evil.example",
    )  # fmt: skip
    for page, clean in zip(render_all(pages, view), render_all(pages, blocked), strict=True):
        outline = Outline(page)
        assert len(outline.all("script")) == len(Outline(clean).all("script"))
        assert HOSTILE in outline.words
        assert page.language == "en"
        targets = [
            v for _, a in outline.tags for k, v in a.items() if k in {"href", "action", "src", "data-status"}
        ]
        own = {f"/.mailgate/{name}" for name in ("me", "help", "language", "status")}
        assert set(targets) <= {"/", "data:,", *own}


def test_nothing_runs_or_loads_but_what_the_policy_names(pages: Pages, blocked: View) -> None:
    for page in render_all(pages, replace(blocked, deadline=blocked.now + timedelta(days=1))):
        assert "unsafe" not in page.content_security_policy
        assert page.content_security_policy.startswith("default-src 'none'; ")
        inlined = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page.html, re.DOTALL)
        for text in inlined:
            digest = b64encode(sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in page.content_security_policy
        for _, attributes in Outline(page).tags:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", page.html)


@pytest.mark.parametrize(
    ("accept", "default", "language"),
    [
        ("", "de", "de"),
        ("sv", "zh", "zh-Hans"),
        ("fr", "de", "fr"),
        ("", "tlh", "en"),
        ("\x00\xff", "en", "en"),
    ],
)
def test_the_language_is_the_browsers_or_the_configured_one(
    pages: Pages, blocked: View, accept: str, default: str, language: str
) -> None:
    assert (
        pages.page("error", replace(blocked, accept_language=accept, default_language=default)).language
        == language
    )


@pytest.mark.parametrize("may_skip", [True, False])
def test_the_probe_has_a_way_on_for_whoever_has_no_scripts(
    pages: Pages, blocked: View, may_skip: bool
) -> None:
    view = replace(blocked, reason=Reason.PROBE_REQUIRED, continue_url="/.mailgate/probe/skip?to=/a")
    page = pages.page("probe", view, may_skip=may_skip)
    outline = Outline(page)
    assert "<noscript>" in page.html
    assert [link["href"] for link in outline.all("a")] == [blocked.return_url]
    assert [form["action"] for form in outline.forms()] == [view.continue_url] * may_skip
    # text browsers show what is hidden, and Lynx sends a form without content by GET
    assert "The check is done" not in outline.words
    for each in (page, pages.page("warning", view)):
        assert 'name="go" value="on">Continue to mail' in each.html or not may_skip


def test_help_can_be_asked_for_with_a_form_that_needs_no_script(pages: Pages, blocked: View) -> None:
    page = Outline(pages.page("refusal", replace(blocked, help_ticket=HOSTILE)))
    (form,) = page.forms()
    assert (form["method"], form["action"]) == ("post", "/.mailgate/help")
    assert {"type": "hidden", "name": "refusal", "value": HOSTILE} in page.all("input")
    (words,) = page.all("textarea")
    assert (words["name"], words["maxlength"], "required" in words) == ("words", "500", False)
    told = {each.get("id") for each in page.all("p")}
    assert told >= set((words["aria-describedby"] or "").split())


def test_the_steps_come_before_the_button_that_checks_again(pages: Pages, blocked: View) -> None:
    page = pages.page("refusal", blocked).html
    assert page.index("<ol ") < page.index('id="check"')
    warned = pages.page("warning", blocked).html
    assert warned.index("Continue to mail") < warned.index("<ol ") < warned.index('id="check"')


def test_without_a_ticket_there_is_no_button_for_help(pages: Pages, blocked: View) -> None:
    assert Outline(pages.page("refusal", blocked)).forms() == []
    inputs = Outline(pages.page("warning", replace(blocked, help_ticket="x"))).all("input")
    assert [each["name"] for each in inputs] == ["to"]


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("of", ["browser", "system", "extension"])
def test_an_update_is_named_in_every_language(pages: Pages, blocked: View, of: str, language: str) -> None:
    old = Update(of, "Chrome" if of != "extension" else "", "142.0.7444.134")
    view = replace(blocked, reason=Reason.UPDATE_REQUIRED, update=old, accept_language=language)
    for page in (pages.page("refusal", view), pages.page("warning", view)):
        words = Outline(page).words
        assert old.version in words
        assert old.name in words
    assert old.version in pages.refusal_mail(view).text


def test_the_name_that_a_browser_gives_itself_is_a_text_alone(pages: Pages, blocked: View) -> None:
    view = replace(blocked, reason=Reason.UPDATE_REQUIRED, update=Update("browser", HOSTILE, "1"))
    page = pages.page("refusal", view)
    assert "<script>alert" not in page.html
    assert "<script>alert(1)</script>{{7*7}}%(x)s" in Outline(page).words
