from pathlib import Path

import pytest

from mailgate.config import Address, load_settings
from mailgate.errors import ConfigError

ROOT = Path(__file__).parents[3]


def test_the_shipped_settings_are_read() -> None:
    settings = load_settings(ROOT / "config/mailgate.yaml", {})
    assert (settings.listen, settings.public_url) == (Address("127.0.0.1", 8080), "http://localhost:8080")
    assert settings.store.get_secret_value() == f"sqlite:///{ROOT}/config/var/mailgate.db"
    assert settings.limits.head_bytes == 64 * 1024


def test_nothing_can_be_changed_afterwards() -> None:
    settings = load_settings(ROOT / "config/mailgate.yaml", {})
    with pytest.raises(ValueError, match="frozen"):
        settings.upstream = "http://elsewhere"  # type: ignore[misc]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    (tmp_path / "mailgate.yaml").write_text(text.replace("sqlite:///var/mailgate.db", "{env: STORE}"))
    settings = load_settings(tmp_path / "mailgate.yaml", {"STORE": "postgresql://u:hunter2@h/db"})
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"
    (tmp_path / "mailgate.yaml").write_text(
        text.replace("sqlite:///var/mailgate.db", "mysql://u:hunter2@h/db")
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "mailgate.yaml", {})
    assert "hunter2" not in str(caught.value)


MAIL = """activesync:
  quarantine_mail:
    %s
    smtp: 127.0.0.1:25
    sender: it-help@example.com
    domain: example.com
trusted_proxies"""


def test_the_quarantine_mail_has_defaults_and_hides_its_password(tmp_path: Path) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    with_login = MAIL % "username: gate\n    password: {env: SMTP_PASSWORD}"
    (tmp_path / "mailgate.yaml").write_text(text.replace("trusted_proxies", with_login))
    settings = load_settings(tmp_path / "mailgate.yaml", {"SMTP_PASSWORD": "hunter2"})
    mail = settings.activesync.quarantine_mail
    assert mail is not None
    assert mail.password is not None
    assert (mail.smtp, mail.security, mail.pause.days) == (Address("127.0.0.1", 25), "starttls", 7)
    assert mail.password.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("/Microsoft-Server-ActiveSync", True),
        ("/SOGo/Microsoft-Server-ActiveSync", True),
        ("/microsoft-server-activesync", True),
        ("/Microsoft-Server-ActiveSync/default.eas", True),
        ("/eas", False),
        ("/Microsoft-Server-ActiveSync?Cmd=Sync", False),
        ("Microsoft-Server-ActiveSync", False),
        ("/Microsoft-Server-ActiveSync.png", False),
        ("/../Microsoft-Server-ActiveSync x", False),
    ],
)
def test_only_addresses_of_activesync_are_taken(tmp_path: Path, address: str, taken: bool) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    here = f"activesync: {{addresses: ['{address}'], cookies: [SERVERID]}}\ntrusted_proxies"
    (tmp_path / "mailgate.yaml").write_text(text.replace("trusted_proxies", here))
    if not taken:
        with pytest.raises(ConfigError):
            load_settings(tmp_path / "mailgate.yaml", {})
        return
    place = load_settings(tmp_path / "mailgate.yaml", {}).activesync.place
    assert (place.addresses, place.cookies) == ((address,), ("SERVERID",))


TWICE = "{listen: 'a:0', dialect: caddy}, {listen: 'a:0', dialect: nginx}"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "admin_listen: 127.0.0.1:8081",
            "admin_listen: 127.0.0.1:8080",
            "6:15: the same address as `listen`",
        ),
        (
            "trusted_proxies",
            "authz: {dialect: caddy}\ntrusted_proxies",
            "8:8: nobody may ask: `trusted_proxies` is empty",
        ),
        (
            "trusted_proxies",
            "authz_listeners: [{listen: '127.0.0.1:8082', dialect: caddy}]\ntrusted_proxies",
            "8:18: nobody may ask: `trusted_proxies` is empty",
        ),
        (
            "trusted_proxies: []",
            "trusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{listen: '127.0.0.1:8080', dialect: caddy}]",
            "9:28: the same address as `listen`; use a port of its own",
        ),
        (
            "trusted_proxies: []",
            f"trusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{TWICE}]",
            "9:61: the same address as `authz_listeners.0.listen`; use a port of its own",
        ),
        (
            "trusted_proxies: []",
            f"trusted_proxies: []\nauthz_listeners: [{TWICE.replace('a:0', 'unix:/q')}]",
            "9:65: the same address as `authz_listeners.0.listen`; use a port of its own",
        ),
        (
            "trusted_proxies: []",
            "trusted_proxies: []\nauthz_listeners: [{listen: 'unix:q.sock', dialect: caddy}]",
            "9:28: `unix:q.sock` is not the path of a Unix socket; use one of at most 100 characters",
        ),
        (
            "trusted_proxies: []",
            "trusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{dialect: caddy}]",
            "9:19: the key `listen` is missing",
        ),
        (
            "trusted_proxies",
            "authz: {dialect: apache}\ntrusted_proxies",
            "8:18: `apache` is not known here; use one of `nginx`",
        ),
        (
            "trusted_proxies",
            "upstream_ca: mailgate.yaml\ntrusted_proxies",
            "8:14: the file holds no certificates",
        ),
        (
            "issuers: []",
            "issuers: [{issuer: http://localhost:8080, jwks: k.json}]",
            "22: this is the gate's own issuer",
        ),
        (
            "trusted_proxies",
            "activesync: {refusal: page}\ntrusted_proxies",
            "8:23: `page` is not known here; use one of `status`, `forbidden`",
        ),
        (
            "issuers: []",
            "issuers: [{issuer: a, jwks: k.json}]\nposture: {precedence: [a, b]}",
            "17:27: `b` is not known here",
        ),
        (
            "issuers: []",
            "issuers: [{issuer: a, jwks: k.json}]\nposture: {precedence: [enrolled]}",
            "17:24: `enrolled` is not known here",
        ),
        ("trusted_proxies", MAIL % "password: hunter2", "10:15: it is not a reference; use {env: NAME}"),
        ("trusted_proxies", MAIL % "username: gate", "10:15: `username` and `password` go together"),
        (
            "trusted_proxies",
            (MAIL % "pause: 1d").replace("it-help@example.com", "nobody"),
            "12:13: `nobody` has the wrong form; use a mail address",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_place(
    old: str, new: str, mistake: str, tmp_path: Path
) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    (tmp_path / "mailgate.yaml").write_text(text.replace(old, new))
    (tmp_path / "k.json").write_bytes(Path(__file__).with_name("issuer.jwks.json").read_bytes())
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "mailgate.yaml", {})
    [found] = caught.value.mistakes
    assert f":{mistake}" in str(found)


def test_the_mail_servers_key_is_read(tmp_path: Path) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    assert load_settings(ROOT / "config/mailgate.yaml", {}).dovecot is None
    (tmp_path / "mailgate.yaml").write_text(f"{text}\ndovecot: {{api_key: {{env: KEY}}}}\n")
    dovecot = load_settings(tmp_path / "mailgate.yaml", {"KEY": "hunter2"}).dovecot
    assert dovecot is not None
    assert (dovecot.header, dovecot.api_key.get_secret_value()) == ("X-API-Key", "hunter2")


@pytest.mark.parametrize(
    "wrong", ["{}", "{api_key: hunter2}", "{api_key: {env: KEY}, header: 'X: y'}", "{key: x}"]
)
def test_a_mail_server_without_a_proper_key_is_a_mistake(tmp_path: Path, wrong: str) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    (tmp_path / "mailgate.yaml").write_text(f"{text}\ndovecot: {wrong}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "mailgate.yaml", {"KEY": "x"})
    assert "hunter2" not in str(caught.value)


def test_authorities_are_for_a_webmail_on_https(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text() + f"upstream_ca: {certificate[0].name}\n"
    (tmp_path / "mailgate.yaml").write_text(text)
    with pytest.raises(ConfigError, match="`upstream` is not https"):
        load_settings(tmp_path / "mailgate.yaml", {})
    (tmp_path / "mailgate.yaml").write_text(text.replace("http://127.0.0.1:9080", "https://127.0.0.1:9080"))
    assert load_settings(tmp_path / "mailgate.yaml", {}).upstream_ca == certificate[0]
