"""An ActiveSync client like a phone's mail app: version 14.1, the plain or the base64 query, WBXML by a codec that
is not ours."""

import http.client
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from pyactivesync._wbxml import Node, NodeBuilder, WBXMLReader, WBXMLWriter, find, wtag
from tests.servers import PATIENCE

PATH = "/Microsoft-Server-ActiveSync"
WBXML = "application/vnd.ms-sync.wbxml"
COMMANDS = {
    "Sync": 0,
    "SendMail": 1,
    "SmartForward": 2,
    "SmartReply": 3,
    "GetAttachment": 4,
    "FolderSync": 9,
    "FolderCreate": 10,
    "FolderDelete": 11,
    "FolderUpdate": 12,
    "MoveItems": 13,
    "GetItemEstimate": 14,
    "MeetingResponse": 15,
    "Search": 16,
    "Settings": 17,
    "Ping": 18,
    "ItemOperations": 19,
    "Provision": 20,
    "ResolveRecipients": 21,
    "ValidateCert": 22,
    "Find": 23,
}
"""[MS-ASHTTP] 2.2.1.1.1.1.2"""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def tree(self) -> list[Node]:
        """The decoded document; empty for an empty body."""
        return WBXMLReader(self.body).parse() if self.body else []

    def text(self, path: str) -> str | None:
        """The text of the first element of this name, as in ``AirSync.SyncKey``."""
        node = find(self.tree, path)
        return next((str(text) for name, text, _ in node[2] if name == "#text"), "") if node else None

    def outline(self) -> str:
        """The document as one line: ``Page.Root(Page.Child(text))``."""
        return "".join(map(_outline, self.tree))


def _outline(node: Node) -> str:
    name, text, children = node
    return str(text) if name.startswith("#") else f"{name}({' '.join(map(_outline, children))})"


@dataclass(frozen=True)
class MailApp:
    """The mail app of one phone. ``binary``: it sends the base64 query, and only there the version."""

    url: str
    user: str
    password: str = field(repr=False)
    device_id: str
    device_type: str = "iPhone"
    binary: bool = False
    version: str = "14.1"

    def ask(self, command: str, document: NodeBuilder | None = None, **parameters: str) -> Reply:
        with self.asking(command, document, **parameters) as connection:
            return reply_of(connection)

    @contextmanager
    def asking(
        self, command: str, document: NodeBuilder | None = None, **parameters: str
    ) -> Iterator[http.client.HTTPConnection]:
        """A request that was sent. Its answer may take long."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            target = f"{PATH}?{self._binary(command) if self.binary else self._plain(command, parameters)}"
            connection.request("POST", target, _encode(document), self._headers())
            yield connection
        finally:
            connection.close()

    def options(self) -> Reply:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("OPTIONS", PATH, headers=self._headers())
            return reply_of(connection)
        finally:
            connection.close()

    def _plain(self, command: str, parameters: dict[str, str]) -> str:
        names = {
            "Cmd": command,
            "User": self.user,
            "DeviceId": self.device_id,
            "DeviceType": self.device_type,
        }
        return urlencode(names | parameters)

    def _binary(self, command: str) -> str:
        """[MS-ASHTTP] 2.2.1.1.1.1: version, command, locale, device id, no policy key, device type."""
        identity, kind = self.device_id.encode(), self.device_type.encode()
        query = bytes([int(self.version.replace(".", "")), COMMANDS[command], 0x09, 0x04, len(identity)])
        return b64encode(query + identity + bytes([0, len(kind)]) + kind).decode()

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": "Apple-iPhone15C2/2107.102", "Content-Type": WBXML}
        if self.password:
            credentials = b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        return headers if self.binary else headers | {"MS-ASProtocolVersion": self.version}


def reply_of(connection: http.client.HTTPConnection) -> Reply:
    """The answer to a request that was sent. Raises OSError or HTTPException if there is none."""
    answer = connection.getresponse()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _encode(document: NodeBuilder | None) -> bytes:
    if document is None:
        return b""
    writer = WBXMLWriter()
    document(writer)
    return writer.render()


def folder_sync() -> NodeBuilder:
    return wtag("FolderHierarchy", "FolderSync", [wtag("FolderHierarchy", "SyncKey", text="0")])


def sync(folder: str, key: str = "0", *, seconds: int = 0) -> NodeBuilder:
    """With key 0, ask for a new partnership; with the key of an answer, ask for changes in the folder.

    ``seconds``: how long to hang if there is nothing new.
    """
    asked = [wtag("AirSync", "SyncKey", text=key), wtag("AirSync", "CollectionId", text=folder)]
    if key != "0":
        body = [wtag("AirSyncBase", "Type", text="1"), wtag("AirSyncBase", "TruncationSize", text="4096")]
        asked += [
            wtag("AirSync", "GetChanges", text="1"),
            wtag("AirSync", "WindowSize", text="25"),
            wtag("AirSync", "Options", [wtag("AirSyncBase", "BodyPreference", body)]),
        ]
    collection = wtag("AirSync", "Collection", asked)
    document = [wtag("AirSync", "Collections", [collection])]
    if seconds:
        document.append(wtag("AirSync", "HeartbeatInterval", text=str(seconds)))
    return wtag("AirSync", "Sync", document)


def get_item_estimate(folder: str, key: str) -> NodeBuilder:
    collection = wtag(
        "ItemEstimate",
        "Collection",
        [wtag("AirSync", "SyncKey", text=key), wtag("ItemEstimate", "CollectionId", text=folder)],
    )
    return wtag("ItemEstimate", "GetItemEstimate", [wtag("ItemEstimate", "Collections", [collection])])


def ping(folder: str, seconds: int) -> NodeBuilder:
    """Wait for this time, or until something happens in the folder."""
    watched = wtag("Ping", "Folder", [wtag("Ping", "Id", text=folder), wtag("Ping", "Class", text="Email")])
    heartbeat = wtag("Ping", "HeartbeatInterval", text=str(seconds))
    return wtag("Ping", "Ping", [heartbeat, wtag("Ping", "Folders", [watched])])


def fetch(folder: str, item: str) -> NodeBuilder:
    """One message by its ids (ItemOperations)."""
    wanted = [
        wtag("ItemOperations", "Store", text="Mailbox"),
        wtag("AirSync", "CollectionId", text=folder),
        wtag("AirSync", "ServerId", text=item),
        wtag(
            "ItemOperations",
            "Options",
            [wtag("AirSyncBase", "BodyPreference", [wtag("AirSyncBase", "Type", text="1")])],
        ),
    ]
    return wtag("ItemOperations", "ItemOperations", [wtag("ItemOperations", "Fetch", wanted)])


def device_information(model: str) -> NodeBuilder:
    """The phone introduces itself (Settings)."""
    told = wtag("Settings", "Set", [wtag("Settings", "Model", text=model)])
    return wtag("Settings", "Settings", [wtag("Settings", "DeviceInformation", [told])])


def find_person(name: str) -> NodeBuilder:
    """Search the address list of the company."""
    asked = [wtag("Search", "Name", text="GAL"), wtag("Search", "Query", text=name)]
    return wtag("Search", "Search", [wtag("Search", "Store", asked)])
