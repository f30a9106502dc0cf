"""The looks in which a page is tested, and axe's findings in them."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
Look = tuple[int, Literal["dark", "light"]]
LOOKS: tuple[Look, ...] = ((320, "dark"), (1280, "light"))
"""Colours go by the scheme and the layout by the width, neither by both: each of either is here once."""


_READ = """async () => {
  // contrast is measured by _CONTRAST, more strictly and in a tenth of the time
  const rules = { 'color-contrast': { enabled: false } };
  const { violations } = await axe.run(document, { reporter: 'no-passes', rules });
  return [violations.map(({ id, nodes }) => [id, nodes[0].html]), document.documentElement.scrollWidth];
}"""
READABLE = 5.7
"""The least contrast of a text with its ground (WCAG 2.2 asks for 4.5)."""
_CONTRAST = """readable => {
  const parts = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return colour.startsWith('color(') ? [255 * red, 255 * green, 255 * blue, alpha] : [red, green, blue, alpha];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((each, at) => each * a + under[at] * (1 - a));
  const around = new Map();
  const behind = (of) => {
    if (!of) return { ground: [255, 255, 255], opacity: 1 };
    if (!around.has(of)) {
      const { ground, opacity } = behind(of.parentElement), style = getComputedStyle(of);
      around.set(of, { ground: over(parts(style.backgroundColor), ground), opacity: opacity * style.opacity });
    }
    return around.get(of);
  };
  const light = (colour) => colour.map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (one, other) => {
    const [less, more] = [light(one), light(other)].sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const written = new Set(document.querySelectorAll('input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea'));
  for (let text = walk.nextNode(); text; text = walk.nextNode()) if (text.data.trim()) written.add(text.parentElement);
  const wrong = [];
  for (const of of written) {
    if (!of.checkVisibility({ visibilityProperty: true }) || of.closest('.hidden, .skip, script, style, title, desc, option, :disabled, [aria-busy]')) continue;
    const style = getComputedStyle(of), [r, g, b, a] = parts(of.closest('svg') ? style.fill : style.color), { ground, opacity } = behind(of);
    const found = contrast(over([r, g, b, a * opacity], ground), ground);
    if (found < readable) wrong.push([`contrast ${found.toFixed(1)}`, of.outerHTML.slice(0, 120)]);
  }
  return wrong;
}"""


def complained(page: Page, looks: Iterable[Look] = LOOKS) -> list[tuple[int, str, str]]:
    """The faults of a page with everything opened, and the looks in which it is wider than its window.

    A test that opens many pages adds ``AXE`` as an initial script first, which costs less than sending it to each.
    """
    page.wait_for_load_state()  # a page that a click leads to has its text before its style
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    return [wrong for width, _ in _each(looks, page) for wrong in _complained_at(page, width)]


def _each(looks: Iterable[Look], page: Page) -> Iterator[Look]:
    """Show the page in one look after the other, and change what differs from the one before: each change lays the page out again."""
    shown = ""
    for width, scheme in looks:
        if page.viewport_size != (size := ViewportSize(width=width, height=900)):
            page.set_viewport_size(size)
        if scheme != shown:
            page.emulate_media(color_scheme=scheme)
        shown = scheme
        yield width, scheme


def _complained_at(page: Page, width: int) -> list[tuple[int, str, str]]:
    violations, wide = page.evaluate(_READ)
    wrong = [(width, name, html) for name, html in [*violations, *page.evaluate(_CONTRAST, READABLE)]]
    return [*wrong, (width, "too wide", page.url)] if wide > width else wrong


SIZES: tuple[Look, ...] = (
    (1280, "light"),
    (1280, "dark"),
    (1100, "dark"),
    (768, "dark"),
    (390, "dark"),
    (390, "light"),
)
"""Of a phone and a desk in both schemes, and between them the narrowest with the rail and with the sidebar."""
_FAULTS = """() => {
  const wrong = [], seen = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest('.hidden, .skip');
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) wrong.push(['wider than its window', document.documentElement.scrollWidth]);
  for (const each of document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])')) {
    if (!seen(each)) continue;
    const { left, right, width, height } = each.getBoundingClientRect(), said = each.outerHTML.slice(0, 120);
    if (left < -1 || right > wide + 1) wrong.push(['out of reach', said]);
    for (let around = each.parentElement; around; around = around.parentElement)
      if (around.scrollWidth > around.clientWidth + 1 && /auto|scroll|hidden/.test(getComputedStyle(around).overflowX)) wrong.push(['behind a scroll', said]);
    const inText = getComputedStyle(each).display === 'inline' && each.parentElement.textContent.trim() !== each.textContent.trim();
    if (!inText && (width < 23.9 || height < 23.9)) wrong.push(['too small to press', said]);
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const of = text.parentElement;
    if (!text.data.trim() || !of.matches('.row > *') || !seen(of)) continue;
    const { width, height } = of.getBoundingClientRect(), letter = parseFloat(getComputedStyle(of).fontSize);
    if (width < 4 * letter && height > 6 * letter) wrong.push(['a word a line', of.outerHTML.slice(0, 120)]);
  }
  return wrong;
}"""


def faults(page: Page, looks: Iterable[Look] = SIZES) -> list[tuple[int, str, str, str]]:
    """What cannot be reached without pushing sideways, pressed by a finger, or read."""
    found = []
    for width, scheme in _each(looks, page):
        wrong = [*page.evaluate(_FAULTS), *page.evaluate(_CONTRAST, READABLE)]
        found += [(width, scheme, *each) for each in wrong]
    return found


_SAID_BY_COLOUR = """() => {
  const ground = (of) => {
    for (let each = of.parentElement; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return '';
  };
  const stands = ({ borderTopWidth, borderBottomWidth, borderLeftWidth, outlineStyle, forcedColorAdjust }) =>
    [borderTopWidth, borderBottomWidth, borderLeftWidth].some((each) => parseFloat(each)) || outlineStyle !== 'none' || forcedColorAdjust === 'none';
  const found = [];
  for (const each of document.querySelectorAll('body *')) {
    if (!each.checkVisibility() || each.closest('.skip, svg')) continue;
    for (const part of [null, '::before']) {
      const style = getComputedStyle(each, part), colour = style.backgroundColor;
      if (part && style.content === 'none') continue;
      const tinted = !['rgba(0, 0, 0, 0)', part ? getComputedStyle(each).backgroundColor : ground(each)].includes(colour);
      if (tinted || style.boxShadow.includes('inset')) found.push([[...document.querySelectorAll('*')].indexOf(each), part]);
    }
  }
  return [found, `(${stands})`];
}"""
_LEFT_WITHOUT = """([found, stands]) => found
  .map(([at, part]) => [document.querySelectorAll('*')[at], part])
  .filter(([each, part]) => each && !eval(stands)(getComputedStyle(each, part)))
  .map(([each, part]) => `${each.outerHTML.slice(0, 120)} ${part ?? ''}`)"""


def unsaid_in_forced_colours(page: Page) -> list[str]:
    """What only a background or a shadow sets apart, where the browser puts colours of its own in their place."""
    found = page.evaluate(_SAID_BY_COLOUR)
    page.emulate_media(forced_colors="active")
    left: list[str] = page.evaluate(_LEFT_WITHOUT, found)
    page.emulate_media(forced_colors="none")
    return left


_ON_PAPER = """() => {
  const shown = (each) => each.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
  const wrong = [...document.querySelectorAll('nav, header, button, .button, input, select, textarea')].filter((each) => shown(each)).map((each) => each.outerHTML.slice(0, 120));
  for (const each of document.querySelectorAll('main tr, main li, main dd')) {
    if (each.closest('form, thead, nav, svg, .hidden')) continue;
    if (!shown(each) && !each.matches(':empty')) wrong.push(`not shown: ${each.outerHTML.slice(0, 120)}`);
    if (each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible') wrong.push(`cut: ${each.outerHTML.slice(0, 120)}`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) wrong.push('wider than the paper');
  return wrong;
}"""


def wrong_on_paper(page: Page) -> list[str]:
    """What a printed page still has of its navigation, and which of its rows it lacks or cuts (A4 at 96 dpi, without margins)."""
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(_ON_PAPER)
    page.emulate_media(media="screen")
    return found


_UNREACHED = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, iframe')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled)
  .filter((each) => {
    each.focus({ focusVisible: true, preventScroll: true });
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    const told = each.matches('iframe') || (outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2);
    return document.activeElement !== each || each.tabIndex !== 0 || !told;
  })
  .map((each) => each.outerHTML.slice(0, 120))"""


def unreached_by_keyboard(page: Page) -> list[str]:
    """What can be pressed and not be reached by the Tab key in the order of the page, or does not show that it was."""
    page.set_viewport_size({"width": 1280, "height": 900})
    found: list[str] = page.evaluate(_UNREACHED)
    return found
