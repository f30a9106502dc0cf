"""The style, the mark and the icons that every page shares."""

import re
from importlib.resources import files
from itertools import combinations

import pytest

from mailgate import look
from mailgate.config.pages import contrast

TOKENS = files("mailgate").joinpath("tokens.css").read_text("utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w{3,6});", part)) for part in TOKENS.split("@media"))
READABLE = 5.7


@pytest.mark.parametrize("tokens", [LIGHT, LIGHT | DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_every_ground(tokens: dict[str, str]) -> None:
    full = {
        name: f"#{''.join(2 * each for each in value[1:])}" if len(value) == 4 else value
        for name, value in tokens.items()
    }
    pairs = [
        (ink, ground) for ink in ("ink", "soft", "accent", "ok", "warn", "no") for ground in ("paper", "card")
    ]
    pairs += [
        ("ink", "sunk"),
        ("soft", "sunk"),
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("on-no", "no"),
        ("accent", "accent-tint"),
    ]
    pairs += [("ink", f"{of}-tint") for of in ("ok", "warn", "no", "accent")]
    assert [pair for pair in pairs if contrast(full[pair[0]], full[pair[1]]) < READABLE] == []
    assert contrast(full["edge"], full["card"]) >= 3


def test_each_form_of_a_status_differs_without_its_colour() -> None:
    style = look.style()
    forms = {form: re.sub(r"(?<![\w-])(border-)?color:[^;}]*;?", "", "".join(re.findall(rf"\.badge\.{form}{{([^}}]*)}}", style))) for form in look.FORMS}  # fmt: skip
    assert all(one != other for one, other in combinations(forms.values(), 2))
    assert len({*look.FORMS.values()}) == len(look.FORMS)


def test_a_style_begins_with_the_tokens_and_has_no_comment() -> None:
    assert look.style("people.css", package="mailgate.gateway.pages").startswith(
        ":root{color-scheme:light dark;--paper:#f6f4ee;"
    )
    assert "/*" not in look.style("people.css", package="mailgate.gateway.pages")
    assert look.style("people.css", package="mailgate.gateway.pages").startswith(look.style())


def test_no_style_has_a_colour_of_its_own() -> None:
    """But for the parts of the pictures, which are many and are no accent."""
    own = {
        "style.css",
        "gateway/pages/people.css",
        "console/assets/console.css",
        "demo/start/templates/start.css",
    }
    for name in own:
        text = files("mailgate").joinpath(name).read_text("utf-8")
        assert (
            re.findall(r"(?<!-)\b[\w-]+:[^;{}]*#[0-9a-f]{3,6}", re.sub(r"--kind-\d: [^;]+;", "", text)) == []
        ), name


def test_the_mark_is_the_same_as_a_file() -> None:
    drawn = files("mailgate.console").joinpath("assets/mark.svg").read_text("utf-8")
    assert re.findall(r' d="([^"]+)"', drawn) == re.findall(r' d="([^"]+)"', look.MARK)
