from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from tests.pki import root
from tests.unit.config.reading import read

from mailgate.config.references import ExistingFile, HeaderKey, Jwks, Sources, StoreUrl, read_certificates
from mailgate.store.migrate import store_url


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "secret").write_text("postgresql://u:hunter2@h/db\n")
    (tmp_path / "empty").write_text("")
    return Sources(tmp_path, {"STORE": "postgresql://u:hunter2@h/db"})


@pytest.mark.parametrize(
    "value",
    ["mysql://h/db", "var/mailgate.db", 5, {"env": "X", "file": "y"}, {"vault": "x"}, {"env": 5}],
)  # fmt: skip
def test_an_address_of_no_store_is_refused(value: object, sources: Sources) -> None:
    with pytest.raises(ValidationError):
        read(StoreUrl, value, sources)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///var/mailgate.db", "sqlite:///{folder}/var/mailgate.db"),
        ("sqlite:///../mailgate.db", "sqlite:///{folder}/../mailgate.db"),
        ("sqlite+pysqlite:///a b.db?timeout=3", "sqlite+pysqlite:///{folder}/a b.db?timeout=3"),
        ({"file": "url"}, "sqlite:///{folder}/kept.db"),
        ("sqlite:////var/lib/mailgate.db", "sqlite:////var/lib/mailgate.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://h/db", "postgresql://h/db"),
    ],
)
def test_a_file_of_the_store_is_relative_to_the_settings(
    written: object, meant: str, sources: Sources
) -> None:
    (sources.folder / "url").write_text("sqlite:///kept.db\n")
    assert read(StoreUrl, written, sources).get_secret_value() == meant.format(folder=sources.folder)


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    folder = tmp_path / "100%? a"
    found = read(StoreUrl, "sqlite:///mailgate.db", Sources(folder, {})).get_secret_value()
    assert store_url(found).database == str(folder / "mailgate.db")


def test_settings_that_are_named_from_here_lead_to_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(StoreUrl, "sqlite:///mailgate.db", Sources(Path(), {})).get_secret_value()
    assert found == f"sqlite:///{tmp_path}/mailgate.db"


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
        ("postgresql://u:hunter2@h/db", "the URL contains a password"),
        ("postgresql://h/db?password=hunter2", "the URL contains a password"),
        ("mysql://u:hunter2@h/db", "not the URL of a store"),
    ],
)
def test_a_bad_secret_is_not_printed(value: object, message: str, sources: Sources) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        read(StoreUrl, value, sources)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("a\0b", r"no such file|is missing or empty"),
        ("empty/x", r"no such file|is missing or empty"),
        ("n" * 400, "file name too long"),
        ("folder", "is a directory"),
    ],
)
def test_only_a_file_that_is_not_there_is_told_to_be_missing(name: str, wrong: str, sources: Sources) -> None:
    (sources.folder / "folder").mkdir()
    for kind, value in ((ExistingFile, name), (Jwks, name), (StoreUrl, {"file": name})):
        with pytest.raises(ValidationError, match=wrong):
            read(kind, value, sources)


def test_a_file_that_may_not_be_seen_is_told_to_be_so(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, **_how: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(ValidationError, match="cannot be read: permission denied"):
        read(ExistingFile, "shut/certificate.pem", sources)


def test_a_secret_that_an_editor_on_windows_saved_is_read_or_named(sources: Sources) -> None:
    (sources.folder / "marked").write_text("postgresql://u:hunter2@h/db\r\n", encoding="utf-8-sig")
    assert read(StoreUrl, {"file": "marked"}, sources).get_secret_value() == "postgresql://u:hunter2@h/db"
    (sources.folder / "wide").write_text("postgresql://u:hunter2@h/db", encoding="utf-16")
    with pytest.raises(ValidationError, match="cannot be read: not utf-8; use a file with the value alone"):
        read(StoreUrl, {"file": "wide"}, sources)


def test_files_are_relative_to_the_settings(sources: Sources) -> None:
    assert read(ExistingFile, "secret", sources) == sources.folder / "secret"


@pytest.mark.parametrize("value", ["nowhere", "", ".", 5, "https://mdm.example.com/jwks"])
def test_a_missing_file_is_a_mistake(sources: Sources, value: object) -> None:
    with pytest.raises(ValidationError):
        read(ExistingFile, value, sources)


def test_a_key_set_is_read_when_the_settings_are(sources: Sources) -> None:
    (sources.folder / "jwks.json").write_text('{"keys": [{"kty": "oct", "kid": "1", "k": "c2VjcmV0"}]}')
    with pytest.raises(ValidationError, match="not a JWKS of public keys"):
        read(Jwks, "jwks.json", sources)
    with pytest.raises(ValidationError, match="no such file"):
        read(Jwks, "nowhere.json", sources)


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
        ({"env": "TWO_LINES"}, "cannot be sent in a header"),
        ({"env": "PADDED"}, "cannot be sent in a header"),
        ({"env": "FOREIGN"}, "cannot be sent in a header"),
    ],
)
def test_a_malformed_key_of_a_header_is_refused(value: object, message: str, tmp_path: Path) -> None:
    environ = {"TWO_LINES": "hunter2\r\nX: y", "PADDED": " hunter2", "FOREIGN": "hüntér2"}
    with pytest.raises(ValidationError, match=message):
        read(HeaderKey, value, Sources(tmp_path, environ))


def test_every_certificate_of_a_file_is_read(tmp_path: Path) -> None:
    one, two = root("One"), root("Two")
    (tmp_path / "both.pem").write_bytes(one.pem + b"a comment\n" + two.pem)
    assert read_certificates(tmp_path / "both.pem", "roots") == (one.certificate, two.certificate)


@pytest.mark.parametrize(
    "text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_certificates_is_named_by_its_key(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.pem").write_text(text)
    with pytest.raises(PydanticCustomError) as caught:
        read_certificates(tmp_path / "file.pem", "roots")
    assert (caught.value.context or {})["key"] == "roots"
