"""The containers: the gate's image built, and the compose file started around it with the programs of this machine."""

import json
import pwd
import re
import time
from collections.abc import Iterator

import pytest
from tests.e2e.containers import BASE, ROOT, Containers, containers, fields
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.gate import wait_for
from tests.servers import patiently

pytestmark = pytest.mark.e2e
BEFORE_THE_GATE = ("postgres", "imap", "roundcube", "prometheus")
STARTED = (*BEFORE_THE_GATE, "gate", "caddy")
SITE = "https://localhost/"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """All that can be started of it: for Grafana there is no program here."""
    with pytest.MonkeyPatch.context() as patched, containers(tmp_path_factory.mktemp("containers")) as engine:
        patched.setenv("POSTGRES_USER_ID", str(pwd.getpwnam("postgres").pw_uid))
        try:
            engine.compose("up", "--detach", "--no-build", "--no-deps", *BEFORE_THE_GATE)
            becomes_healthy(engine, "postgres")
            engine.compose("up", "--detach", "--no-build", "--no-deps", "gate", "caddy")
            for service in STARTED:
                becomes_healthy(engine, service)
            (engine.run / "authority.crt").write_text(
                engine.compose("exec", "-T", "caddy", "cat", "/data/caddy/pki/authorities/local/root.crt")
            )
            yield engine
        finally:
            engine.compose("down", "--timeout", "2", "--volumes")


def becomes_healthy(engine: Containers, service: str) -> None:
    for _ in patiently():
        if engine.healthy(service):
            return
        time.sleep(1)  # each question starts a client, a runtime and a program in the container
    raise AssertionError(engine.compose("logs", service))


def within(system: Containers, service: str, *command: str) -> str:
    return system.compose("exec", "-T", service, *command)


def test_a_laptop_gets_the_webmail_by_tls_and_http_2(system: Containers) -> None:
    answer = system.get(SITE, "--user-agent", LAPTOP)
    assert answer.startswith("HTTP/2 200"), answer
    assert "rcmloginuser" in answer
    assert "h3=" in fields(answer)["alt-svc"]


def test_a_laptop_and_a_phone_come_by_http_3(system: Containers) -> None:
    """Over QUIC the same is decided as over TCP, and a forged field helps no more."""
    mail = system.get(SITE, "--http3-only", "--user-agent", LAPTOP)
    assert mail.startswith("HTTP/3 200"), mail
    assert "rcmloginuser" in mail
    refused = system.get(SITE, "--http3-only", "--user-agent", IPHONE, "--header", "X-Forwarded-User: forged")
    assert refused.startswith("HTTP/3 403"), refused


def test_cookies_of_the_webmail_are_secure(system: Containers) -> None:
    """Roundcube believes the gate that people came by https."""
    cookie = fields(system.get(SITE, "--user-agent", LAPTOP))["set-cookie"]
    assert re.match(r"roundcube_sessid=\w+;.*\bsecure\b", cookie, re.IGNORECASE), cookie


def test_somebody_logs_in_through_all_of_it(system: Containers) -> None:
    users = (system.run / "project/deploy/compose/secrets/mail_users").read_text()
    name, _, password = users.splitlines()[0].partition(":{PLAIN}")
    jar = [
        "--cookie",
        str(system.run / "jar"),
        "--cookie-jar",
        str(system.run / "jar"),
        "--user-agent",
        LAPTOP,
    ]
    token = re.findall(r'name="_token" value="(\w+)"', system.get(SITE, *jar))[0]
    form = {"_token": token, "_task": "login", "_action": "login", "_user": name, "_pass": password}
    sent = [part for key, value in form.items() for part in ("--data-urlencode", f"{key}={value}")]
    answer = system.get(f"{SITE}?_task=login", *jar, *sent)
    assert answer.startswith("HTTP/2 302"), answer
    assert "Inbox" in system.get(f"{SITE}?_task=mail", *jar)


def test_a_phone_that_reports_nothing_is_refused_with_the_reason(system: Containers) -> None:
    answer = system.get(SITE, "--user-agent", IPHONE, "--header", "X-Forwarded-User: forged")
    assert answer.startswith("HTTP/2 403"), answer
    assert '"reason": "posture-missing"' in answer


def test_http_leads_to_https(system: Containers) -> None:
    answer = system.get("http://localhost/folder?a=b", "--user-agent", LAPTOP)
    assert answer.startswith("HTTP/1.1 308")
    assert fields(answer)["location"] == "https://localhost/folder?a=b"


def test_every_health_check_is_answered_and_the_gates_fails_without_a_gate(system: Containers) -> None:
    assert [each for each in STARTED if not system.healthy(each)] == []
    check = ["python", "-I", "/usr/local/lib/mailgate-healthcheck.py"]
    told = system.podman("exec", "--env", "MAILGATE_ADMIN=127.0.0.1:8081", "mailgate-gate-1", *check)
    assert told.returncode != 0


def test_the_gate_runs_without_rights_and_with_its_store_in_postgresql(system: Containers) -> None:
    status = within(system, "gate", "cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    for place in ("/", "/opt/mailgate", "/etc/mailgate/settings", "/usr/local/lib"):
        assert system.podman("exec", "mailgate-gate-1", "touch", f"{place}/written").returncode != 0
    assert system.podman("exec", "mailgate-gate-1", "test", "-e", "/opt/mailgate/bin/pip").returncode == 1
    asked = "select count(*) from information_schema.tables where table_schema = 'public'"
    made = within(system, "postgres", "psql", "-U", "mailgate", "-h", "/var/run/postgresql", "-Atc", asked)
    assert int(made) > 5


def test_mailgate_is_on_the_path_inside(system: Containers) -> None:
    assert "cases hold" in within(system, "gate", "mailgate", "check")


def test_the_page_says_what_the_image_adds_to_its_base(system: Containers) -> None:
    told = [system.podman("image", "inspect", "--format", "{{.Size}}", name) for name in (BASE, "mailgate")]
    base, image = (int(each.stdout) / 1e6 for each in told)
    (said,) = re.findall(r"adds (\d+) MB to its base", (ROOT / "docs/deploy.md").read_text("utf-8"))
    assert image - base == pytest.approx(int(said), rel=0.1)


REACHED = """\
import socket, sys
for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError:
        continue
    print(place)
"""


def reached(system: Containers, service: str, *places: str) -> list[str]:
    return within(system, service, "python3", "-c", REACHED, *places).split()


def test_the_webmail_reaches_neither_the_admin_port_nor_the_store(system: Containers) -> None:
    """Prometheus does, by the same name: what is asked for is there."""
    admin = ("gate:8081", "172.30.80.4:8081", "172.30.82.4:8081")
    assert reached(system, "roundcube", *admin, "postgres:5432", "gate:8080", "imap:31143") == [
        "gate:8080",
        "imap:31143",
    ]
    assert reached(system, "imap", *admin) == []
    assert reached(system, "caddy", "roundcube:8000", "imap:31143", "gate:8081") == ["gate:8081"]
    assert reached(system, "prometheus", "gate:8081", "roundcube:8000") == ["gate:8081"]


def test_the_console_is_there_for_this_machine_alone(system: Containers) -> None:
    answer = system.get("https://localhost:8443/console/", "--location")
    assert re.search(r"^HTTP/2 200", answer, re.MULTILINE), answer
    listening = system.inside("ss", "-Hltn", "sport = :8443 or sport = :8081").stdout
    assert re.findall(r"\s(\S+):(\d+)\s", listening) in ([], [("127.0.0.1", "8443")])


def test_prometheus_scrapes_the_gate(system: Containers) -> None:
    """It looks every 15 seconds: late here, so that it has looked."""

    def up() -> list[str]:
        found = json.loads(system.inside("curl", "-s", "http://127.0.0.1:9090/api/v1/query?query=up").stdout)
        return [each["value"][1] for each in found["data"]["result"]]

    assert wait_for(lambda: up() == ["1"]), up()


def test_the_gate_ends_well_when_it_is_told_to(system: Containers) -> None:
    """Last: nothing runs after it."""
    system.compose("stop", "--timeout", "20", "gate")
    told = system.podman("inspect", "--format", "{{.State.ExitCode}}", "mailgate-gate-1")
    assert told.stdout.strip() == "0"
