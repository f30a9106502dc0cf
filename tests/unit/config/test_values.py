from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mailgate.config.values import (
    Address,
    Duration,
    ExistingFile,
    HeaderKey,
    Jwks,
    Listen,
    Network,
    Origin,
    Size,
    Sources,
    StoreUrl,
)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "secret").write_text("postgresql://u:hunter2@h/db\n")
    (tmp_path / "empty").write_text("")
    return Sources(tmp_path, {"STORE": "postgresql://u:hunter2@h/db"})


def read(kind: Any, value: object, sources: Sources | None = None) -> Any:
    return TypeAdapter(kind).validate_python(value, context={"sources": sources})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Duration, "500ms", timedelta(milliseconds=500)),
        (Duration, "30s", timedelta(seconds=30)),
        (Duration, "5m", timedelta(minutes=5)),
        (Duration, "24h", timedelta(hours=24)),
        (Duration, "30d", timedelta(days=30)),
        (Size, "512B", 512),
        (Size, "64KiB", 65536),
        (Size, "25MiB", 25 * 1024**2),
        (Size, "1GiB", 1024**3),
        (Size, 0, 0),
        (Size, "0", 0),
        (Listen, "127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (Listen, "[::1]:0", Address("::1", 0)),
        (Listen, "localhost:65535", Address("localhost", 65535)),
        (Origin, "http://localhost:8080", "http://localhost:8080"),
        (Origin, "https://mail.example.com/", "https://mail.example.com"),
        (Origin, "http://[::1]:9080", "http://[::1]:9080"),
        (Origin, "https://[2001:DB8::1]/", "https://[2001:db8::1]"),
        (Origin, "https://Mail.Example.com:443", "https://mail.example.com"),
        (Origin, "http://mail.example.com:80/", "http://mail.example.com"),
        (Origin, "http://mail.example.com:443", "http://mail.example.com:443"),
        (Origin, "https://mail.example.com:08443", "https://mail.example.com:8443"),
        (Origin, "http://web_mail-1.internal.:9080", "http://web_mail-1.internal.:9080"),
        (Network, "10.0.0.0/8", ip_network("10.0.0.0/8")),
        (Network, "fd00::/8", ip_network("fd00::/8")),
        (Network, "127.0.0.1", ip_network("127.0.0.1/32")),
    ],
)
def test_values(kind: Any, text: object, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Duration, ["30", 30, "0s", "-5s", "1.5h", "5 m", "5M", "1h30m", "", True, "999999999d", "5m\n"]),
        (Size, ["25MB", "64kib", "1.5MiB", 64, -1, "0KiB", "", False, "1KiB\n"]),
        (Listen, ["8080", ":8080", "127.0.0.1", "::1:8080", "[::1]", "[zz]:1", "h:99999", "u@h:1", "h:1/x", 8080]),
        (Origin, ["mail.example.com", "ftp://h", "http://", "http://h/x", "http://h?", "http://h#", "http://h:99999", "http://u:p@h", "http://u@h", "http://h h", "http://<host>", "http://h:0", "http://bücher.example", "http://h:", "http://[::1]x:9", 5]),
        (Network, ["10.0.0.1/8", "10.0.0.0/33", "example.com", "", 5]),
        (StoreUrl, ["mysql://h/db", "var/mailgate.db", 5, {"env": "X", "file": "y"}, {"vault": "x"}, {"env": 5}]),
    ],
)  # fmt: skip
def test_what_is_refused(kind: Any, bad: list[object], sources: Sources) -> None:
    for value in bad:
        with pytest.raises(ValidationError):
            read(kind, value, sources)


@pytest.mark.parametrize("reference", [{"env": "STORE"}, {"file": "secret"}])
def test_secrets_come_by_reference(reference: dict[str, str], sources: Sources) -> None:
    secret = read(StoreUrl, reference, sources)
    assert secret.get_secret_value() == "postgresql://u:hunter2@h/db"
    assert "hunter2" not in repr(secret)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"env": "NOT_SET"}, "the environment variable NOT_SET is missing or empty"),
        ({"file": "nowhere"}, "the file nowhere is missing or empty"),
        ({"file": "empty"}, "the file empty is missing or empty"),
        ("postgresql://u:hunter2@h/db", "a password stands in the URL"),
        ("postgresql://h/db?password=hunter2", "a password stands in the URL"),
        ("mysql://u:hunter2@h/db", "not the URL of a store"),
    ],
)
def test_a_bad_secret_is_not_printed(value: object, message: str, sources: Sources) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        read(StoreUrl, value, sources)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("name", ["n" * 400, "a\0b", "folder", "empty/x"])
def test_a_name_that_no_file_can_have_is_a_mistake_like_any_other(name: str, sources: Sources) -> None:
    (sources.folder / "folder").mkdir()
    for kind, value in ((ExistingFile, name), (Jwks, name), (StoreUrl, {"file": name})):
        with pytest.raises(ValidationError, match=r"no such file|is missing or empty"):
            read(kind, value, sources)


def test_files_are_relative_to_the_settings(sources: Sources) -> None:
    assert read(ExistingFile, "secret", sources) == sources.folder / "secret"
    for value in ("nowhere", "", ".", 5, "https://mdm.example.com/jwks"):
        with pytest.raises(ValidationError):
            read(ExistingFile, value, sources)


def test_a_key_set_is_read_when_the_settings_are(sources: Sources) -> None:
    (sources.folder / "jwks.json").write_text('{"keys": [{"kty": "oct", "kid": "1", "k": "c2VjcmV0"}]}')
    with pytest.raises(ValidationError, match="no JWKS of public keys"):
        read(Jwks, "jwks.json", sources)
    with pytest.raises(ValidationError, match="no such file"):
        read(Jwks, "nowhere.json", sources)


@pytest.mark.parametrize(
    "url",
    [
        "https://mdm.example.com/jwks.json?tenant=1",
        "https://[2001:db8::1]:8443/jwks",
        "http://127.0.0.1:9000/jwks",
        "http://localhost/jwks",
        "http://[::1]/jwks",
    ],
)
def test_keys_may_be_published_at_an_address(url: str) -> None:
    assert read(Jwks, url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://mdm.example.com/jwks", "can be forged"),
        ("http://192.0.2.1/jwks", "can be forged"),
        ("ftp://mdm.example.com/jwks", "not the URL of a JWKS"),
        ("https:///jwks", "not the URL of a JWKS"),
        ("https://mdm.example.com/jwks#keys", "not the URL of a JWKS"),
        ("https://mdm.example.com/a b", "not the URL of a JWKS"),
        ("https://mdm.example.com:0/jwks", "not the URL of a JWKS"),
        ("https://mdm.example.com:99999/jwks", "not a URL"),
        ("https://gate:hunter2@mdm.example.com/jwks", "credentials stand in the URL"),
    ],
)
def test_an_address_that_could_be_anybodys_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        read(Jwks, url)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


def test_an_address_is_written_as_it_is_read() -> None:
    assert [str(read(Listen, text)) for text in ("[::1]:80", "h:80")] == ["[::1]:80", "h:80"]


@pytest.mark.parametrize("reference", [{"env": "KEY"}, {"file": "key"}])
def test_the_key_of_a_header_comes_by_reference(reference: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("Bearer hunter2\n")
    key = read(HeaderKey, reference, Sources(tmp_path, {"KEY": "Bearer hunter2"}))
    assert key.get_secret_value() == "Bearer hunter2"
    assert "hunter2" not in repr(key)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hunter2", "not a reference"),
        (7, "not a reference"),
        ({"env": "MISSING"}, "MISSING is missing or empty"),
        ({"env": "TWO_LINES"}, "cannot stand in a header"),
        ({"env": "PADDED"}, "cannot stand in a header"),
        ({"env": "FOREIGN"}, "cannot stand in a header"),
    ],
)
def test_a_bad_key_of_a_header(value: object, message: str, tmp_path: Path) -> None:
    environ = {"TWO_LINES": "hunter2\r\nX: y", "PADDED": " hunter2", "FOREIGN": "hüntér2"}
    with pytest.raises(ValidationError, match=message):
        read(HeaderKey, value, Sources(tmp_path, environ))
