"""Reads requests that are described in JSON, in YAML or as copied headers, so that they can be decided like real
ones."""

import re

from mailgate.config.document import DocumentError, read_document
from mailgate.config.mistakes import validated
from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import phrase
from mailgate.policy import AppCatalog
from mailgate.policy.cases import RecordedRequest, Request, Situation

_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*")
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)( HTTP/[0-9.]+)?")


def read_request(data: bytes, name: str, catalog: AppCatalog) -> Situation:
    """Read a request, with what is known of its device, from JSON or YAML.

    :param name: the name of the source in mistakes.
    :raises ConfigError: with every mistake in it.
    """
    try:
        document = read_document(data, name, nulls=True)
    except DocumentError as error:
        raise ConfigError([error.mistake]) from error
    context = {"catalog": catalog}
    if isinstance(document.value, dict) and "request" in document.value:
        situation, mistakes = validated(Situation, document, context)
    else:
        recorded, mistakes = validated(RecordedRequest, document, context)
        situation = recorded.situation() if recorded else None
    if situation is None or document.mistakes:
        raise ConfigError([*document.mistakes, *mistakes])
    return situation


def read_headers(text: str, name: str) -> Request:
    """Read a request from the lines of its head, as a browser's developer tools copy them. The first may be a request
    line.

    A single line without a name and a colon is the user agent.

    :raises ConfigError: with every line that cannot be read.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ConfigError([Mistake(name, 1, 1, phrase("nothing is there; expected headers, one a line"))])
    method, target = "GET", "/"
    if first := _REQUEST_LINE.fullmatch(lines[0][1].strip()):
        method, target = first[1], first[2]
        lines = lines[1:]
    fields = [(number, line, _FIELD.fullmatch(line.strip())) for number, line in lines]
    if len(fields) == 1 and fields[0][2] is None and not first:
        return Request(user_agent=fields[0][1].strip())
    wrong = [number for number, _, field in fields if field is None]
    if wrong:
        raise ConfigError(
            [
                Mistake(name, number, 1, phrase("not a header; expected a name, a colon and a value"))
                for number in wrong
            ]
        )
    headers: dict[str, str] = {}
    for _, _, field in fields:
        assert field is not None
        folded = field[1].lower()
        headers[folded] = f"{headers[folded]}, {field[2]}" if folded in headers else field[2]
    return Request(method=method, target=target, headers=headers)
