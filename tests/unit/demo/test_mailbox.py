"""Messages: every encoding of the shipped messages is read, and HTML only ever comes out as text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.demo.mailbox import read_message, shipped_messages, text_of


def test_shipped_messages_are_whole_and_newest_first() -> None:
    messages = shipped_messages()
    assert len(messages) == 5
    assert all(
        message.sender and message.recipient and message.subject and message.text for message in messages
    )
    assert [message.date for message in messages] == sorted(
        (message.date for message in messages), reverse=True
    )


def test_encoded_headers_names_and_texts_are_decoded() -> None:
    messages = {message.sender.partition(" <")[0]: message for message in shipped_messages()}
    assert messages["Sprachkurse"].subject == "Grüße: 今週の予定, cours de français, دروس العربية"
    assert "今週木曜日" in messages["Sprachkurse"].text
    picture, table = messages["Facilities"].attachments
    assert (picture.name, picture.media_type, picture.content[:4]) == (
        "room-colours.png",
        "image/png",
        b"\x89PNG",
    )
    assert table.name == "Sitzplan – Büro.csv"
    assert "Bücherei" in table.content.decode()


def test_a_message_of_html_alone_is_shown_as_its_words() -> None:
    (message,) = (message for message in shipped_messages() if message.sender.startswith("Newsletter"))
    assert "pumpkin & ginger. A bowl is 3 < 4 euros." in message.text.replace("\xa0", " ")
    assert "document.title" not in message.text
    assert "tracker" not in message.text


@pytest.mark.parametrize(
    ("source", "date", "text"),
    [
        (b"", datetime.fromtimestamp(0, UTC), ""),
        (b"Date: next week\n\nHello", datetime.fromtimestamp(0, UTC), "Hello"),
        (b"Date: Tue, 01 Dec 2026 09:00:00 -0800\n\n", datetime(2026, 12, 1, 17, tzinfo=UTC), ""),
        (b"Date: Tue, 01 Dec 2026 09:00:00 -0000\n\n", datetime(2026, 12, 1, 9, tzinfo=UTC), ""),
    ],
)
def test_a_message_with_odd_headers_is_read(source: bytes, date: datetime, text: str) -> None:
    message = read_message(source)
    assert (message.date, message.text, message.subject) == (date, text, "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one<p>two", "one\ntwo"),
        ("a<br>b", "a\nb"),
        ("<b>bold</b> and\nplain", "bold and plain"),
        ("<script>alert(1)</script>after", "after"),
        ("</script>after", "after"),
        ("<style>p{}</style><script>x</script>ok", "ok"),
        ("&lt;b&gt; &amp; co", "<b> & co"),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert text_of(html) == text


@given(st.text())
def test_any_text_can_be_read(html: str) -> None:
    assert "\n\n" not in text_of(html)
