"""The demo mailbox: a small webmail to stand behind the gate. It keeps what is sent in memory and sends nothing."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import MIMEPart
from email.policy import default
from importlib.resources import files
from typing import TypeVar
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

MAX_UPLOAD = 25 * 1024 * 1024
"""The largest accepted form, in bytes."""
MAX_SENT = 10
"""How many sent messages are kept."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    sender: str
    recipient: str
    subject: str
    date: datetime
    text: str
    attachments: tuple[Attachment, ...] = ()


def shipped_messages() -> list[MailboxMessage]:
    """The messages that come with the demo, newest first."""
    sources = files(__package__).joinpath("inbox").iterdir()
    messages = [read_message(source.read_bytes()) for source in sources if source.name.endswith(".eml")]
    return sorted(messages, key=lambda message: message.date, reverse=True)


def read_message(source: bytes) -> MailboxMessage:
    """Decode a message as it would lie in a maildir."""
    message = message_from_bytes(source, policy=default)
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    return MailboxMessage(
        sender=str(message["From"]),
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        date=message["Date"].datetime.astimezone(UTC),
        text=str(body.get_content()),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _arrived(messages: list[MailboxMessage], now: datetime) -> list[MailboxMessage]:
    """The messages, some days earlier if one of them would be from the future."""
    latest = max((each.date for each in messages), default=now)
    back = timedelta(days=max((latest - now) // timedelta(days=1) + 1, 0))
    return [replace(each, date=each.date - back) for each in messages]


def _attachment(part: MIMEPart) -> Attachment:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Attachment(part.get_filename() or "attachment", part.get_content_type(), content)


class Mailbox:
    """Two folders, three pages and a form."""

    def __init__(self, messages: Iterable[MailboxMessage], clock: Callable[[], datetime]) -> None:
        self._folders: dict[str, deque[MailboxMessage]] = {
            "inbox": deque(_arrived(list(messages), clock())),
            "sent": deque(maxlen=MAX_SENT),
        }
        self._clock = clock
        self._style = files(__package__).joinpath("mailbox.css").read_text()
        self._pages = Environment(
            loader=PackageLoader("mailgate.demo"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_UPLOAD)
        application.on_response_prepare.append(_nameless)
        application.add_routes(
            [
                web.get("/", self.folder),
                web.get("/style.css", self.style),
                web.get("/compose", self.form),
                web.post("/compose", self.send),
                web.get(r"/{folder:inbox|sent}", self.folder),
                web.get(r"/{folder:inbox|sent}/{number:\d{1,6}}", self.message),
                web.get(r"/{folder:inbox|sent}/{number:\d{1,6}}/{attachment:\d{1,6}}", self.attachment),
            ]
        )
        return application

    async def folder(self, request: web.Request) -> web.Response:
        folder = request.match_info.get("folder", "inbox")
        return self._page("folder.html", folder=folder, messages=self._folders[folder])

    async def message(self, request: web.Request) -> web.Response:
        return self._page("message.html", message=self._find(request), path=request.path)

    async def attachment(self, request: web.Request) -> web.Response:
        """One attachment, always as a download, so that nothing from a mail is ever rendered."""
        attachment = _at(self._find(request).attachments, request.match_info["attachment"])
        disposition = f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}"
        return web.Response(
            body=attachment.content,
            headers={**HEADERS, "Content-Type": attachment.media_type, "Content-Disposition": disposition},
        )

    async def form(self, _: web.Request) -> web.Response:
        return self._page("compose.html")

    async def send(self, request: web.Request) -> web.Response:
        fields = await request.post()
        files_sent = (field for field in fields.getall("attachment", []) if isinstance(field, web.FileField))
        message = MailboxMessage(
            sender="you@example.com",
            recipient=str(fields.get("to", "")),
            subject=str(fields.get("subject", "")) or "(no subject)",
            date=self._clock(),
            text=str(fields.get("text", "")),
            attachments=tuple(
                Attachment(file.filename, file.content_type, file.file.read()) for file in files_sent
            ),
        )
        self._folders["sent"].appendleft(message)
        raise web.HTTPSeeOther("/sent")

    async def style(self, _: web.Request) -> web.Response:
        return web.Response(text=self._style, content_type="text/css", headers=HEADERS)

    def _find(self, request: web.Request) -> MailboxMessage:
        return _at(self._folders[request.match_info["folder"]], request.match_info["number"])

    def _page(self, template: str, **values: object) -> web.Response:
        text = self._pages.get_template(template).render(**values)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def _nameless(_request: web.Request, response: web.StreamResponse) -> None:
    """Do not tell which server serves the mailbox."""
    response.headers.popall("Server", None)


Item = TypeVar("Item")


def _at(items: Iterable[Item], number: str) -> Item:
    found = dict(enumerate(items)).get(int(number))
    if found is None:
        raise web.HTTPNotFound
    return found
