"""A real SOGo whose mail nginx carries and asks the gate about: phones and calendars notice no difference."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.e2e.activesync import folder_sync
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import SAMPLE_MAILS
from tests.e2e.test_sogo_activesync import BLOCKED, COMMANDS, FORMS, as_read, conversation, phone, report
from tests.e2e.test_sogo_dav import DavClient, litmus, write_an_event
from tests.integration import front_proxies
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import questions_of
from tests.servers import require_or_skip

pytestmark = pytest.mark.e2e

RULES = {
    "rules": [
        *PHONE_RULES["rules"],
        {"id": "dav-tools", "when": 'client.kind == "tool" && request.protocol == "dav"', "effect": "allow"},
    ]
}


@dataclass(frozen=True)
class Fronted:
    """``url``: nginx, as people reach it. The gate is asked at a port that carries no mail."""

    url: str
    gate: GuardedWebmail


@pytest.fixture(scope="module")
def fronted(sogo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    listener = {"dialect": "nginx", "listen": "127.0.0.1:0"}
    settings = {"trusted_proxies": ["127.0.0.1/32"], "authz_listeners": [listener]}
    with guarded(sogo, tmp_path_factory.mktemp("gate"), RULES, **settings) as gate:
        run = tmp_path_factory.mktemp("front")
        with front_proxies.nginx(questions_of(gate.gate), sogo, run) as url:
            yield Fronted(url, gate)


@FORMS
def test_a_clean_phone_works_as_without_both(sogo: str, fronted: Fronted, binary: bool) -> None:
    direct, through = phone(sogo, binary=binary), phone(fronted.url, binary=binary)
    report(fronted.gate, through)
    without = [as_read(reply) for reply in conversation(direct)]
    assert [as_read(reply) for reply in conversation(through)] == without
    everything = " ".join(text for _, _, text in without)
    assert all(f"Email.Subject({letter.subject})" in everything for letter in SAMPLE_MAILS)


@FORMS
def test_a_logged_in_phone_with_a_listed_app_is_told_for_each_command(fronted: Fronted, binary: bool) -> None:
    app = phone(fronted.url, binary=binary)
    report(fronted.gate, app, "tiktok")
    for command in COMMANDS:
        asked = replace(app, password="").ask(command, folder_sync())
        assert (asked.status, asked.headers["www-authenticate"]) == (401, 'basic realm="SOGo"')
        refused = app.ask(command, folder_sync())
        if command in BLOCKED:
            assert (refused.status, refused.outline()) == (200, BLOCKED[command])
        else:
            assert (refused.status, refused.body) == (403, b"")


def test_calendars_and_litmus_find_the_same(sogo: str, fronted: Fronted, tmp_path: Path) -> None:
    assert write_an_event(DavClient(fronted.url)) == write_an_event(DavClient(sogo))
    phone_of_alice = DavClient(fronted.url, "iOS/18.1 (22B83) dataaccessd/1.0")
    answer, body = phone_of_alice.ask("PROPFIND", "/SOGo/dav/alice/Calendar/", Depth="1")
    assert (answer.status, "<M:posture-missing/>" in body) == (403, True)
    require_or_skip("litmus")
    assert litmus(fronted.url, tmp_path / "through") == litmus(sogo, tmp_path / "without")
