"""A page that is remembered is, byte for byte, the page that would be rendered anew."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.gateway.pages.page_slots import CutPage, Holes, holes_of, marks_for, without_holes
from mailgate.gateway.pages.proofs import SHOWN_REASONS
from mailgate.gateway.pages.render import MAX_FORMS, MAX_LANGUAGE_CHOICES, Pages
from mailgate.gateway.pages.steps import FIXES
from mailgate.gateway.pages.view import View
from mailgate.model import Effect, Kind, Reason
from mailgate.texts import IN_ENGLISH

NOW = datetime(2026, 12, 9, 9, tzinfo=UTC)
PAGES = Pages()
HOSTILE = "\"'><script>alert(1)</script>&amp;{{7*7}}%(x)s%s\u202e\0"
OLD_MARKS = marks_for([True] * 7)
MARKS_ALIKE = (*OLD_MARKS, OLD_MARKS[0][:-1], "0" * 32, "".join(OLD_MARKS))

texts = st.one_of(st.sampled_from(("", HOSTILE, "TikTok", *MARKS_ALIKE)), st.text(max_size=12))
paths = st.one_of(
    texts.map("/".__add__), st.sampled_from(("", "//evil.example", "/a?b=c&d='\"<>", *MARKS_ALIKE))
)
wishes = st.sampled_from(("", "de", "ar;q=0.5, ja", "fr-CH", "zh-TW, zh", "xx", "es" + "," * 2000, HOSTILE))
moments = st.one_of(
    st.none(), st.timedeltas(timedelta(-1), timedelta(1)).map(NOW.__add__), st.just(NOW), st.just(NOW + timedelta(microseconds=1))
)  # fmt: skip
views = st.builds(
    View,
    reason=st.sampled_from(Reason),
    reference=texts,
    now=st.just(NOW),
    effect=st.sampled_from(Effect),
    status=st.sampled_from((0, 404, 502)),
    rule_title=texts,
    apps=st.lists(texts, max_size=10).map(tuple),
    os=st.sampled_from(("ios", "ipados", "android", "windows", "", HOSTILE)),
    kind=st.sampled_from(Kind),
    fix=st.one_of(st.sampled_from((*FIXES, "")), texts),
    deadline=moments,
    contact=st.one_of(texts, st.sampled_from(("it-help@example.com", "https://example.com/?a=1&b=2", "+1 555 0100"))),
    extension_url=st.sampled_from(("", "https://example.com/?a=1&b=2")),
    has_extension=st.booleans(),
    proves_soon=st.booleans(),
    certificates=st.booleans(),
    host=texts,
    accept_language=wishes,
    default_language=st.sampled_from(("en", "de", "zh-Hans", "no")),
    return_url=paths,
    continue_url=paths,
    proof=st.one_of(st.none(), st.sampled_from(sorted(SHOWN_REASONS))),
    clock_off=st.one_of(st.none(), st.integers(-3000, 3000).map(lambda minutes: timedelta(minutes=minutes))),
    help_ticket=texts,
    looked_at=moments,
    looked_by=texts,
    asked_at=moments,
    asked_words=texts,
    answered_at=moments,
    answer=texts,
    seen_within=st.one_of(st.none(), st.just(timedelta(hours=8))),
)  # fmt: skip
holes = st.fixed_dictionaries(
    {"reference": texts, "return_url": paths, "continue_url": paths, "help_ticket": texts, "accept_language": wishes}
)  # fmt: skip


def shown(view: View, *, may_skip: bool) -> Iterator[tuple[str, bytes]]:
    yield "refusal", PAGES.page("refusal", view).body
    yield "warning", PAGES.page("warning", view).body
    yield "error", PAGES.page("error", view).body
    yield "help", PAGES.page("help", view).body
    yield "probe", PAGES.page("probe", view, may_skip=may_skip).body


@settings(max_examples=150, deadline=None)
@given(views, holes, st.booleans())
def test_a_page_from_memory_is_the_page_that_would_be_rendered(view, others, may_skip):
    for each in (view, replace(view, **others)):
        for name, body in shown(each, may_skip=may_skip):
            assert body == PAGES.render(name, each, holes_of(each, PAGES.language(each)), may_skip).encode()


def test_equal_pages_are_rendered_once_with_their_own_values(monkeypatch):
    pages, marks = Pages(), []
    render = pages.render
    monkeypatch.setattr(pages, "render", lambda *given: marks.append(given[2]) or render(*given))
    told = [
        pages.page("refusal", View(Reason.POSTURE_MISSING, f"REF{n}", NOW + timedelta(n), return_url=f"/{n}", help_ticket=f"T{n}", accept_language="en-GB", looked_at=NOW + timedelta(n), asked_at=NOW + timedelta(40 + n), asked_words=f"W{n}", answered_at=NOW, answer=f"A{n}"))
        for n in range(9)
    ]  # fmt: skip
    assert len(marks) == 1
    for n, page in enumerate(told):
        assert [page.html.count(f'"{own}"') for own in (f"/{n}", f"T{n}")] == [2, 1]
        assert f">REF{n}<" in page.html
        assert f'datetime="2026-12-{9 + n:02d}T09:00:00Z" data-form="in">today, 09:00 UTC<' in page.html
        assert f"{NOW + timedelta(40 + n):%-d %b %Y, %H:%M} UTC" in page.html
        assert page.html.index(f">W{n}<") < page.html.index(f">A{n}<")
        assert not any(mark in page.html for mark in marks[0])


def test_every_other_value_makes_another_page():
    view = View(Reason.POSTURE_MISSING, "R", NOW, help_ticket="T")
    without = {
        "reference",
        "return_url",
        "continue_url",
        "help_ticket",
        "accept_language",
        "now",
        "asked_at",
        "asked_words",
        "answered_at",
        "answer",
        "looked_at",
    }
    changed = {
        "reason": Reason.KIND_UNKNOWN,
        "apps": ("A",),
        "effect": Effect.WARN,
        "kind": Kind.PHONE,
        "status": 4,
    }
    changed |= {"seen_within": timedelta(1), "looked_at": NOW, "asked_at": NOW, "answered_at": NOW}
    changed |= {"deadline": NOW + timedelta(1), "proof": Reason.PROOF_STALE, "clock_off": timedelta(1)}
    for each in fields(View):
        value = changed.get(each.name, "de")
        other = replace(view, **{each.name: NOW - timedelta(1) if each.name == "now" else value})
        differs = without_holes(other, IN_ENGLISH) != without_holes(view, IN_ENGLISH)
        assert differs is (each.name not in without | {"default_language"})  # whose place the language takes


def test_an_empty_hole_has_no_mark_and_each_rendering_its_own():
    assert marks_for([False] * 7) == Holes()
    assert CutPage.cut("<p></p>", Holes()).filled(Holes()) == b"<p></p>"
    once, again = marks_for([True, False, True, True, True, True, True]), marks_for([True] * 7)
    assert once.subject == ""
    assert len({*once, *again}) == 14


def test_a_mark_in_what_a_request_says_is_text():
    marks = marks_for([True] * 7)
    form = CutPage.cut(f"<p>{marks.reference}</p>", marks)
    assert form.filled(Holes(reference=marks.help_ticket)) == f"<p>{marks.help_ticket}</p>".encode()


def test_made_up_values_do_not_fill_the_memory():
    pages = Pages()
    for number in range(MAX_FORMS + 20):
        view = View(
            Reason.POSTURE_MISSING, "R", NOW, clock_off=timedelta(minutes=number), proof=Reason.PROOF_STALE
        )
        pages.page("error", replace(view, accept_language=f"de, x{number}"))
    for number in range(MAX_LANGUAGE_CHOICES + 20):
        pages.page("error", View(Reason.NOT_FOUND, "R", NOW, accept_language=f"{number}" * 2000))
    assert pages._form.cache_info().currsize == MAX_FORMS
    assert pages._chosen.cache_info().currsize == MAX_LANGUAGE_CHOICES
