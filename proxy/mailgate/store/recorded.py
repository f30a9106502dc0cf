"""What of a request is recorded: enough to classify it again, and nothing that says what somebody reads or writes.

Never kept: cookies, credentials, tokens, addresses, bodies, and all of a query but an ActiveSync device's own name.
"""

from urllib.parse import urlencode

from mailgate.model import Client, RequestFacts
from mailgate.store.names import eas_text
from mailgate.store.sightings import ClientFacts

_HEADERS = (
    "user-agent",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-form-factors",
    "sec-ch-ua-model",
    "sec-ch-ua-full-version-list",
    "ms-asprotocolversion",
    "content-type",
)
_LONGEST = 512
_FAMILIES = frozenset(
    {
        "microsoft-server-activesync",
        "ews",
        "exchange.asmx",
        "dav",
        "caldav",
        "carddav",
        "webdav",
        "principals",
    }
    | {"remote.php", ".well-known", "jmap", "mapi", "emsmdb", "nspi", "owa", "oab", "autodiscover", "sogo"}
)
_DEPTH = 4


def client_facts(facts: RequestFacts, client: Client) -> ClientFacts:
    """The unique client behind a request, as it is recorded."""
    return ClientFacts(
        kind=client.kind,
        handheld=client.handheld,
        assurance=client.assurance,
        form=client.form,
        os=client.os,
        browser=client.browser,
        protocol=client.protocol,
        eas_id=eas_text(client.eas_id),
        method=facts.method[:_LONGEST],
        target=_family(facts.path) + _eas_query(client),
        headers=tuple(_headers(facts)),
    )


def _headers(facts: RequestFacts) -> list[tuple[str, str]]:
    sent = facts.headers
    # Of a content type only the type: its parameters are a boundary or a file's name.
    return [
        (name, (sent[name].partition(";")[0] if name == "content-type" else sent[name])[:_LONGEST])
        for name in _HEADERS
        if name in sent
    ]


def _family(path: str) -> str:
    """The path up to its last well-known folder, else its first folder, else nothing: never a person's or a letter's."""
    parts = path[:_LONGEST].split("/")[1 : _DEPTH + 1]
    known = [place for place, part in enumerate(parts, 1) if part.lower() in _FAMILIES]
    if known:
        return "/" + "/".join(parts[: known[-1]])
    folder = len(parts) > 1 and parts[0] and not set(parts[0]) & set("@~%")
    return f"/{parts[0]}/" if folder else "/"


def _eas_query(client: Client) -> str:
    """A plain ActiveSync query that says of the device what was read from the real one, in whichever form."""
    named = {"DeviceId": client.eas_id[:_LONGEST], "DeviceType": client.eas_type[:_LONGEST]}
    query = urlencode({name: value for name, value in named.items() if value}, errors="backslashreplace")
    return f"?{query}" if query else ""
