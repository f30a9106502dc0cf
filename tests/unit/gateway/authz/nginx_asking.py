"""The questions of nginx by the configuration in ``deploy/``, and the keys of its cache: a model of the necessary
part of nginx."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

DEPLOY = Path(__file__).parents[4] / "deploy" / "nginx"
CONFIG = (DEPLOY / "forward-auth.conf").read_text()
UNFORGED = (DEPLOY / "mailgate-unforged.conf").read_text()

_MAP = re.compile(r'^map ("[^"]*"|\S+) (\$\w+) \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_LINE = re.compile(r'^ +("[^"]*"|\S+) ("[^"]*"|\S+);$', re.MULTILINE)
_SET = re.compile(r'^ *proxy_set_header (\S+) ("[^"]*"|[^\s;]+);', re.MULTILINE)
_NAME = re.compile(r"\$(\w+)")


def _text(word: str) -> str:
    return word.strip('"').replace(r"\n", "\n")


@dataclass(frozen=True)
class Asked:
    """A request of a client, as read by nginx."""

    method: str = "GET"
    uri: str = "/"
    remote: str = "203.0.113.7"
    scheme: str = "https"
    host: str = "mail.example.com"
    fields: tuple[tuple[str, str], ...] = ()
    user: str = ""
    """Whom nginx itself has logged in."""

    @cached_property
    def sent(self) -> dict[str, str]:
        """The values of the fields, by the names of nginx's variables."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields:
            found.setdefault("http_" + name.lower().replace("-", "_"), []).append(value)
        return {name: ("; " if name == "http_cookie" else ", ").join(each) for name, each in found.items()}


@dataclass
class Nginx:
    """``kept`` and ``besides``: the two settings in its file."""

    kept: str = "mailgate"
    besides: str = ""
    _maps: dict[str, tuple[str, list[tuple[str, str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source, name, lines in _MAP.findall(CONFIG):
            each = [(_text(word), _text(value)) for word, value in _LINE.findall(lines)]
            self._maps[name[1:]] = _text(source), each
        assert len(self._maps) > 8
        (location,) = re.findall(r"location = /\.mailgate/authz \{(.*?)\n  \}", CONFIG, re.DOTALL)
        sets = _SET.findall(UNFORGED + location)
        self._set = {name.lower() for name, _ in sets}
        self._told = [(name, _text(value)) for name, value in sets if _text(value) and name != "Host"]
        (key,) = re.findall(r'proxy_cache_key "(.*)";', location)
        self._key = [each.removeprefix("$") for each in _text(key).split("\n")]

    def key(self, asked: Asked) -> str:
        return "\n".join([self._value(each, asked) for each in self._key])

    def question(self, asked: Asked) -> list[bytes]:
        """The field lines of the question, without its Host."""
        told = [(name, self._filled(value, asked)) for name, value in self._told]
        passed_on = [each for each in asked.fields if each[0].lower() not in self._set]
        lines = [each for each in told if each[1]] + passed_on
        return [f"{name}: {value}".encode("latin-1") for name, value in lines]

    def _filled(self, text: str, asked: Asked) -> str:
        return _NAME.sub(lambda name: self._value(name[1], asked), text)

    def _value(self, name: str, asked: Asked) -> str:
        settings = {"kept_verdicts": self.kept, "held_besides": self.besides, "checked_user": asked.user}
        if name in settings:
            return settings[name]
        if name in self._maps:
            return self._mapped(*self._maps[name], asked)
        if name.startswith("http_") and name != "http_host":
            return asked.sent.get(name, "")
        return {
            "remote_addr": asked.remote,
            "scheme": asked.scheme,
            "http_host": asked.host,
            "request_method": asked.method,
            "request_uri": asked.uri,
            "server_protocol": "HTTP/1.1",
            "ssl_client_fingerprint": "",
        }[name]

    def _mapped(self, source: str, lines: list[tuple[str, str]], asked: Asked) -> str:
        told, otherwise = self._filled(source, asked), ""
        for word, value in lines:
            if word == "default":
                otherwise = value
            elif word.startswith("~"):
                flags = re.IGNORECASE if word.startswith("~*") else 0
                if re.search(word.lstrip("~*").encode(), told.encode("latin-1"), flags):
                    return self._filled(value, asked)
            elif word == told:
                return self._filled(value, asked)
        return self._filled(otherwise, asked)
