"""Messages: every encoding of the shipped ones is read."""

from datetime import datetime, timedelta

from mailgate.demo.mailbox import Mailbox, shipped_messages


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


def inbox(now: datetime) -> list[datetime]:
    return [each.date for each in Mailbox(shipped_messages(), lambda: now)._folders["inbox"]]


def test_no_message_is_from_the_future() -> None:
    dates = [each.date for each in shipped_messages()]
    before = dates[0] - timedelta(days=3, hours=1)
    assert inbox(before) == [each - timedelta(days=4) for each in dates]
    assert inbox(dates[0] + timedelta(days=90)) == dates
