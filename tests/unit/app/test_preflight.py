"""Whether a gate can run on files that hold no mistake in themselves."""

import os
import socket
from datetime import timedelta

import pytest
from tests import pki

from mailgate.app import preflight
from mailgate.app.preflight import failing_cases, file_mistakes, load_checked
from mailgate.config import Bundle, load_bundle
from mailgate.config.files import ExposedFile
from mailgate.errors import ConfigError

NOW = pki.NOW
USUAL = """\
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: sqlite:///var/mailgate.db
"""
TLS = "tls: {certificate: gate.pem, key: gate.key}\n"
CLOSED = "rules: [{id: closed, when: 'true', effect: block}]\n"
LAPTOP = """\
tests:
  - name: a laptop gets in
    request: {user_agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0}
    expect: {effect: allow}
"""


@pytest.fixture
def config(tmp_path):
    """Writes settings with these lines added; beside them a certificate of thirty days and its key."""
    issued = pki.root(now=NOW)
    (tmp_path / "gate.pem").write_bytes(issued.pem)
    (tmp_path / "gate.key").write_bytes(issued.key_pem)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\n")
    (tmp_path / "policy.yaml").write_text(CLOSED)

    def write(added="", settings=USUAL):
        (tmp_path / "mailgate.yaml").write_text(settings + added)
        return tmp_path / "mailgate.yaml"

    return write


def judged(path, now=NOW):
    return [str(each) for each in file_mistakes(path, load_bundle(path, {}).settings, now)]


def test_a_check_of_the_files_creates_nothing(config, tmp_path):
    before = sorted(tmp_path.iterdir())
    path = config(TLS)
    assert load_checked(path, NOW).settings.tls is not None
    assert sorted(tmp_path.iterdir()) == sorted([*before, path])


@pytest.mark.parametrize(
    ("file", "content", "days", "place", "why"),
    [
        ("gate.pem", b"nothing", 0, "6:20", "gate.pem holds no certificate that can be read"),
        ("gate.key", b"nothing", 0, "6:35", "gate.key holds no key that can be read"),
        ("gate.key", pki.root("Another", NOW).key_pem, 0, "6:35", "gate.key is not the key of "),
        ("gate.key", None, 0, "6:35", "gate.key cannot be read: is a directory"),
        (None, None, 4000, "6:20", "gate.pem has expired on 2026-"),
        (None, None, -4000, "6:20", "gate.pem is valid from 2026-"),
    ],
    ids=["garbage", "no key", "another key", "no file", "expired", "of tomorrow"],
)
def test_a_certificate_that_cannot_be_served_is_named_with_the_reason(
    config, tmp_path, file, content, days, place, why
):
    path = config(TLS)
    bundle = load_bundle(path, {})
    if content is not None:
        (tmp_path / file).write_bytes(content)
    elif file:
        (tmp_path / file).unlink()
        (tmp_path / file).mkdir()
    (mistake,) = file_mistakes(path, bundle.settings, NOW + timedelta(days=days))
    assert str(mistake).startswith(f"{path}:{place}: {tmp_path}/{why}")


@pytest.mark.parametrize(
    ("settings", "added", "told"),
    [
        (USUAL.replace("var/mailgate.db", "gate.pem/mailgate.db"), "", "5:8: {0}/gate.pem"),
        (USUAL.replace("sqlite:///var/mailgate.db", "sqlite:///."), "", "5:8: {0} is no file"),
        (USUAL.replace("sqlite:///var/mailgate.db", "'sqlite:///:memory:'"), "", "is no store; use sqlite:///PATH"),
        (USUAL, "spool: gate.pem\n", "6:8: {0}/gate.pem is no folder"),
        (USUAL.replace("var/mailgate.db", "beside.db"), "", "5:8: {0}/beside.db.spool is no folder"),
        (
            USUAL,
            "notices: {{outbox: gate.pem/mails, sender: it@example.com, domain: example.com}}\n",
            "6:19: {0}/gate.pem",
        ),
        (USUAL, "authz_listeners: [{{listen: 'unix:{0}/none/q.sock', dialect: envoy}}]\n", "6:28: {0}/none is not there"),
        (USUAL, "authz_listeners: [{{listen: 'unix:{0}/gate.pem', dialect: envoy}}]\n", "6:28: {0}/gate.pem is a file"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_named(config, tmp_path, monkeypatch, settings, added, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.db.spool").write_text("")
    (mistake,) = judged(config(added.format(tmp_path), settings))
    assert told.format(tmp_path) in mistake


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_named(config, tmp_path):
    path = config()
    tmp_path.chmod(0o500)
    (mistake,) = judged(path)
    tmp_path.chmod(0o700)
    assert f"{tmp_path} cannot be written: permission denied" in mistake


def test_a_socket_that_a_gate_listens_at_now_stands_in_no_ones_way(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as running:
        running.bind("q.sock")
        listener = f"authz_listeners: [{{listen: 'unix:{tmp_path}/q.sock', dialect: envoy}}]\n"
        assert len(str(tmp_path)) > 80 or judged(config(listener)) == []


def test_questions_by_grpc_need_the_extra(config, monkeypatch):
    asked = "trusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{listen: '127.0.0.1:8082', dialect: envoy-grpc}]\n"
    assert judged(config(asked)) == []
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    (mistake,) = judged(config(asked))
    assert "pip install 'mailgate[grpc]'" in mistake
    assert judged(config(asked.replace("envoy-grpc", "envoy"))) == []


def test_a_case_that_fails_is_named_where_it_stands(config, tmp_path):
    (tmp_path / "policy.tests.yaml").write_text(LAPTOP)
    path = config()
    (mistake,) = failing_cases(path, load_bundle(path, {}), NOW)
    assert str(mistake) == (
        f"{tmp_path}/policy.tests.yaml:2:11: the case `a laptop gets in` fails: effect is block, not allow; "
        "mend the rules or the case"
    )
    with pytest.raises(ConfigError, match="the case `a laptop gets in` fails"):
        load_checked(path, NOW)


def test_rules_that_decide_already_hold_up_no_other_change(config, tmp_path):
    """The clock may make a case fail: a renewed certificate must be served all the same."""
    (tmp_path / "policy.tests.yaml").write_text(LAPTOP)
    path = config(TLS)
    in_force = load_bundle(path, {}).rules.digest
    assert load_checked(path, NOW, in_force).rules.digest == in_force


def test_every_mistake_comes_at_once(config, tmp_path):
    (tmp_path / "policy.tests.yaml").write_text(LAPTOP)
    (tmp_path / "gate.pem").write_text("nothing")
    with pytest.raises(ConfigError) as caught:
        load_checked(config(TLS + "spool: gate.key\n"), NOW)
    assert len(caught.value.mistakes) == 3


def test_secrets_that_others_may_read_stop_a_start_and_a_reload(config, tmp_path, monkeypatch):
    path = config()
    found = [
        ExposedFile(tmp_path / name, "read", secret=name != "policy.yaml")
        for name in ("a.url", "b.key", "policy.yaml")
    ]
    monkeypatch.setattr(Bundle, "exposed_files", lambda _self: tuple(found))
    with pytest.raises(ConfigError) as refused:
        load_checked(path, NOW)
    assert [each.file for each in refused.value.mistakes] == [f"{tmp_path}/a.url", f"{tmp_path}/b.key"]
    assert "use `chmod o-r` there" in refused.value.mistakes[0].message
