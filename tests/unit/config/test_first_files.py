"""The first files of a gate: what stands in them, and that ``config/`` is nothing else."""

from pathlib import Path

import pytest

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.config import load_bundle
from mailgate.config.first_files import EXAMPLE, STORE_FILE, FirstAnswers, has_password, starter_files

ROOT = Path(__file__).parents[3]


def written(folder: Path, answers: FirstAnswers) -> Path:
    """These files, with what they name; the path of the settings."""
    for name, text in starter_files(answers).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / STORE_FILE).write_text("postgresql://gate:secret@db.example.com/mailgate")
    (folder / JWKS_FILE).write_text(key_files(bytes(32), bytes(range(32)))[JWKS_FILE])
    return folder / "mailgate.yaml"


@pytest.mark.parametrize("name", starter_files(EXAMPLE))
def test_the_files_of_the_repository_are_those_of_the_example(name: str) -> None:
    assert (ROOT / "config" / name).read_text("utf-8") == starter_files(EXAMPLE)[name], (
        "change config/templates/ of the package, then run PYTHONPATH=proxy python docs/make_first_files.py"
    )


@pytest.mark.parametrize(
    "contact", ["it-help@example.com", "Room 3: ask {Bob}, \"or\" 'Eve' # now", "é", "no", "1", "-", "a:"]
)
def test_a_contact_arrives_as_it_was_given(contact: str, tmp_path: Path) -> None:
    bundle = load_bundle(
        written(tmp_path, FirstAnswers("http://127.0.0.1:9", "http://localhost:8080", contact))
    )
    assert {rule.notice.contact for rule in bundle.policy.rules if rule.notice} - {None} == {contact}


def test_addresses_of_any_length_are_taken_whole(tmp_path: Path) -> None:
    long = "https://" + "a-webmail." * 20 + "example.com"
    settings = load_bundle(
        written(tmp_path, FirstAnswers(long, long.replace("webmail", "gate"), "x"))
    ).settings
    assert (settings.upstream, settings.public_url) == (long, long.replace("webmail", "gate"))


def test_addresses_may_be_of_ipv6(tmp_path: Path) -> None:
    answers = FirstAnswers("http://[::1]:9080", "http://[::1]:8080", "x", "[::1]:8080", "[::1]:8081")
    settings = load_bundle(written(tmp_path, answers)).settings
    assert (settings.upstream, settings.public_url) == (answers.upstream, answers.public_url)
    assert (str(settings.listen), str(settings.admin_listen)) == ("[::1]:8080", "[::1]:8081")


def test_a_local_proxy_is_trusted_for_https_addresses(tmp_path: Path) -> None:
    https = load_bundle(
        written(tmp_path, FirstAnswers("http://127.0.0.1:9", "https://mail.example.com", "x"))
    )
    assert [str(each) for each in https.settings.trusted_proxies] == ["127.0.0.1/32", "::1/128"]
    http = load_bundle(written(tmp_path, FirstAnswers("http://127.0.0.1:9", "http://mail.example.com", "x")))
    assert http.settings.trusted_proxies == ()


def test_an_issuer_of_ones_own_is_not_the_gate_itself(tmp_path: Path) -> None:
    answers = FirstAnswers("http://127.0.0.1:9", "http://localhost:8080", "x", jwks=JWKS_FILE)
    [issuer] = load_bundle(written(tmp_path, answers)).settings.attestation.issuers
    assert issuer.issuer == answers.issuer == "http://localhost:8080/issuer"


def test_a_password_never_stands_in_the_settings(tmp_path: Path) -> None:
    url = "postgresql://gate:secret@db.example.com/mailgate"
    path = written(tmp_path, FirstAnswers("http://127.0.0.1:9", "http://localhost:8080", "x", store=url))
    assert "secret@" not in path.read_text()
    assert load_bundle(path).settings.store.get_secret_value() == url


@pytest.mark.parametrize(
    ("store", "has"),
    [
        ("sqlite:///var/a@b.db", False),
        ("postgresql://db.example.com/m", False),
        ("postgresql://a:b@db/m", True),
    ],
)
def test_a_login_before_the_host_has_a_password(store: str, has: bool) -> None:
    assert has_password(store) is has


def test_listed_apps_have_identifiers_but_where_no_public_source_names_one() -> None:
    apps = load_bundle(ROOT / "config" / "mailgate.yaml").policy.catalog.apps.values()
    functions = {"wechat-pay", "qq-wallet"}  # parts of WeChat and QQ, no apps of their own
    assert {app.key for app in apps if not app.android} == functions
    assert {app.key for app in apps if not app.ios} == functions | {
        "hypic", "kaspersky", "lemon8", "moomoo", "shareit", "tiger-brokers", "tiktok-lite", "ulike", "vmate", "webull",
    }  # fmt: skip
