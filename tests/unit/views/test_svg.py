"""Pictures are well-formed, told in words, and bring their own colours."""

from xml.etree import ElementTree

from mailgate.views import svg

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_told_in_words_and_markup_in_them_is_text() -> None:
    text = svg.document(
        200, 100, ("<b> & co", "note"), "told <i>", ".own{fill:#fff}", [svg.bar(1, 2, 3, 4, "own")]
    )
    drawn = ElementTree.fromstring(text)
    title, told = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert (title.text, told.text) == ("<b> & co", "told <i>")
    assert (drawn.attrib["role"], drawn.attrib["aria-labelledby"]) == (
        "img",
        f"{title.get('id')} {told.get('id')}",
    )
    assert [each.text for each in drawn.findall(f"{SVG}text")] == ["<b> & co", "note"]
    assert [each.get("class") for each in drawn.findall(f"{SVG}rect")] == ["paper", "own"]


def test_it_is_readable_on_light_and_dark_paper_and_loads_nothing() -> None:
    text = svg.document(200, 100, ("t", "n"), "told", "", [svg.across(0, 1, 2)])
    assert "prefers-color-scheme:dark" in text
    assert "href" not in text
    assert "url(" not in text


def test_a_line_of_text_stands_at_its_anchor() -> None:
    assert svg.text(1, 2, "a<b", "ink", "end") == (
        '<text class="ink" x="1.0" y="2.0" text-anchor="end">a&lt;b</text>'
    )
