from pyactivesync._wbxml import WBXMLReader, WBXMLWriter, wtag

from mailgate.gateway.refusals.wbxml import Tag, document


def test_a_document_is_what_another_writer_makes_of_it():
    written = WBXMLWriter().tag("Ping", "Ping", [wtag("Ping", "Status", text="129"), wtag("Ping", "Folders")])
    assert document(13, Tag(0x05, (Tag(0x07, "129"), Tag(0x09)))) == written.render()


def test_the_first_page_needs_no_switch():
    assert document(0, Tag(0x05)) == b"\x03\x01\x6a\x00\x05"


def test_text_beyond_ascii_is_read_back():
    [(_, _, [(_, text, _)])] = WBXMLReader(document(7, Tag(0x07, "Entwürfe"))).parse()
    assert text == "Entwürfe"
