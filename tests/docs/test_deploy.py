"""``docs/deploy.md``, the compose file and the unit: what can be tried without an engine is tried here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gate import start_gate, write_config
from tests.integration.test_tls import write_certificate
from tests.servers import require_or_skip

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.config import load_bundle

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
BEHIND = (COMPOSE / "roundcube" / "behind-the-gate.php").read_text()
"""The addresses that Roundcube believes."""
DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")


@pytest.mark.parametrize("settings", re.findall(r"```yaml\n(.*?)```", DEPLOY, re.DOTALL))
def test_the_settings_that_are_shown_are_settings(settings: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "mdm.jwks.json").write_text(key_files(bytes(32), bytes(range(32)))[JWKS_FILE])
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / name).touch()
    write_certificate(tmp_path, "company")
    (tmp_path / "cert.pem").rename(tmp_path / "company-ca.pem")
    (tmp_path / "mailgate.yaml").write_text(settings)
    assert load_bundle(tmp_path / "mailgate.yaml").settings.public_url == "https://mail.example.com"


@pytest.mark.parametrize("file", ["gate/mailgate.yaml", "two-gates/gate-1.yaml", "two-gates/gate-2.yaml"])
def test_the_gates_in_the_compose_files_can_read_their_settings(file: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "rules")
    secret = tmp_path / "store_url"
    secret.write_text("postgresql://mailgate:x@postgres:5432/mailgate")
    settings = (COMPOSE / file).read_text()
    assert "/run/secrets/store_url" in settings
    (tmp_path / "settings").mkdir()
    path = tmp_path / "settings" / "mailgate.yaml"
    path.write_text(settings.replace("/run/secrets/store_url", str(secret)))
    assert load_bundle(path).settings.upstream == "http://roundcube:8000"


def test_every_file_of_the_image_is_given_its_mode() -> None:
    """With ``umask 077`` the user of the image could not read it."""
    *_, stage = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    copied = re.findall(r"^COPY (\S+)", stage, re.MULTILINE)
    assert {option.partition("=")[0] for option in copied} == {"--from", "--chmod"}


def test_the_journal_filter_passes_systemd_lines_and_mistakes() -> None:
    require_or_skip("jq")
    (filter_,) = re.findall(r"journalctl -u mailgate -o cat \| (jq [^`]*)`", DEPLOY)
    mistake = "mailgate.yaml:3:1: the key `x` is not known"
    lines = ["Starting mailgate.service...", '{"event": "listening"}', mistake]
    done = subprocess.run(
        ["sh", "-c", f"{filter_} --compact-output"], input="\n".join(lines), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        lines[0],
        {"event": "listening"},
        mistake,
    ]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    require_or_skip("docker-compose")
    printed = subprocess.run(
        ["docker-compose", "--file", ROOT / "docker-compose.yml", "config", "--format", "json"],
        capture_output=True,
        check=True,
    ).stdout
    found: dict[str, Any] = json.loads(printed)["services"]
    return found


@pytest.fixture(scope="module")
def paired() -> dict[str, Any]:
    """With the second gate and HAProxy."""
    require_or_skip("docker-compose")
    files = ["--file", ROOT / "docker-compose.yml", "--file", COMPOSE / "two-gates.yml"]
    command = ["docker-compose", *files, "config", "--format", "json"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_both_gates_share_a_store_and_are_reached_through_haproxy_alone(paired: dict[str, Any]) -> None:
    services, edge = paired["services"], paired["networks"]["edge"]
    one, other, front = (services[name] for name in ("gate", "gate-2", "haproxy"))
    assert one["secrets"] == other["secrets"]
    assert not one.get("ports")
    assert not other.get("ports")
    assert [port["host_ip"] for port in front["ports"]] == ["127.0.0.1"]
    assert "caddy" not in services
    for name, gate in (("gate-1", one), ("gate-2", other)):
        settings = (COMPOSE / "two-gates" / f"{name}.yaml").read_text()
        address = gate["networks"]["edge"]["ipv4_address"]
        assert f"trusted_proxies: [{front['networks']['edge']['ipv4_address']}/32]" in settings
        assert f"admin_listen: {address}:8081" in settings
        assert gate["environment"]["MAILGATE_ADMIN"] == f"{address}:8081"
        assert gate["environment"]["MAILGATE_CONFIG"].endswith(f"/{name}.yaml")
        assert gate["networks"]["mail"]["ipv4_address"] in BEHIND
    assert edge["internal"]
    for gate in (one, other):
        assert set(gate["networks"]) & set(front["networks"]) == {"edge"}
    for each in (one, other, front):
        assert each["cap_drop"] == ["ALL"]
        assert each["read_only"]


def test_every_container_is_hardened(services: dict[str, Any]) -> None:
    assert set(services) == {"caddy", "gate", "postgres", "roundcube", "imap", "prometheus", "grafana"}
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only", False) is (name != "roundcube"), name
        assert name == "gate" or "healthcheck" in service, name  # the gate's is in its image
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name


def test_only_the_gate_leads_to_the_webmail(services: dict[str, Any]) -> None:
    joined = {name for name, service in services.items() if "mail" in service["networks"]}
    assert joined == {"gate", "roundcube", "imap"}
    assert [set(services[name]["networks"]) for name in ("roundcube", "imap")] == [{"mail"}, {"mail"}]
    assert not any("ports" in services[name] for name in ("roundcube", "imap", "postgres"))


def test_the_admin_port_is_on_a_network_that_the_webmail_is_not_on(services: dict[str, Any]) -> None:
    """tests/e2e/test_container.py tries it."""
    gate, caddy = (services[name]["networks"] for name in ("gate", "caddy"))
    settings = (COMPOSE / "gate" / "mailgate.yaml").read_text()
    assert set(gate) & set(caddy) == {"edge"}  # the gate believes Caddy by its address there
    here = gate["edge"]["ipv4_address"]
    assert f"admin_listen: {here}:8081" in settings
    assert services["gate"]["environment"]["MAILGATE_ADMIN"] == f"{here}:8081"
    assert settings.count(f"trusted_proxies: [{caddy['edge']['ipv4_address']}/32]") == 2
    joined = {name for name, service in services.items() if "edge" in service["networks"]}
    assert joined == {"caddy", "gate", "prometheus"}
    assert "ports" not in services["gate"]
    assert gate["mail"]["ipv4_address"] in BEHIND


def test_every_image_that_is_not_built_here_has_a_version(services: dict[str, Any]) -> None:
    named = {service["image"] for name, service in services.items() if name != "gate"}
    assert [image for image in named if not re.search(r":v?\d", image)] == []


def test_secrets_come_as_files_and_are_made_once(tmp_path: Path) -> None:
    shutil.copy(COMPOSE / "make-secrets", tmp_path)
    made = [subprocess.run([tmp_path / "make-secrets"], capture_output=True, text=True) for _ in range(2)]
    assert [run.returncode for run in made] == [0, 0]
    assert [run.stdout.count("wrote") for run in made] == [5, 0]
    secrets = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    named = re.findall(r"file: deploy/compose/secrets/(\w+)", (ROOT / "docker-compose.yml").read_text())
    assert sorted(named) == sorted(secrets)
    assert secrets["postgres_password"] in secrets["store_url"]
    assert len(secrets["roundcube_des_key"]) == 24
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_dovecot_takes_its_configuration(tmp_path: Path) -> None:
    require_or_skip("doveconf")
    config = tmp_path / "dovecot.conf"
    config.write_text((COMPOSE / "dovecot" / "dovecot.conf").read_text().replace(" = vmail", " = www-data"))
    read = subprocess.run(["doveconf", "-n", "-c", config], capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    assert "port = 31143" in read.stdout


def test_the_health_check_tells_a_gate_from_none(tmp_path: Path) -> None:
    def code(address: str) -> int:
        check = [sys.executable, "-I", COMPOSE / "healthcheck.py"]
        return subprocess.run(check, env={"MAILGATE_ADMIN": address}, capture_output=True).returncode

    gate = start_gate(write_config(tmp_path, "http://127.0.0.1:9", {}))
    address = f"{gate.admin[0]}:{gate.admin[1]}"
    assert code(address) == 0
    gate.stop()
    assert code(address) == 1


def test_the_image_does_not_run_as_root() -> None:
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):\1$", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    require_or_skip("systemd-analyze")
    if os.geteuid() and not Path("/run/systemd").is_dir():
        pytest.skip("systemd-analyze makes /run/systemd, which only root may")
    unit = tmp_path / "mailgate.service"
    source = (ROOT / "deploy" / "systemd" / "mailgate.service").read_text()
    unit.write_text(source.replace("/opt/mailgate/bin/mailgate", "/bin/true"))
    timer = [ROOT / "deploy" / "nginx" / f"mailgate-streams.{kind}" for kind in ("service", "timer")]
    verified = subprocess.run(["systemd-analyze", "verify", unit, *timer], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_tries_on_however_long_a_database_is_away() -> None:
    """Its own limit is five starts in ten seconds. ``RestartPreventExitStatus`` keeps wrong settings from being tried."""
    head, _, service = (ROOT / "deploy" / "systemd" / "mailgate.service").read_text().partition("[Service]")
    assert "\nStartLimitIntervalSec=0\n" in head
    assert "\nRestartPreventExitStatus=2\n" in service


def test_the_unit_names_documentation_that_the_wheel_installs() -> None:
    unit = (ROOT / "deploy" / "systemd" / "mailgate.service").read_text()
    named = re.findall(r"^Documentation=file:///opt/mailgate/share/doc/mailgate/(.+)$", unit, re.MULTILINE)
    assert named
    assert all((ROOT / "docs" / name).is_file() for name in named)


def test_nginx_takes_the_lines_that_are_shown(tmp_path: Path) -> None:
    require_or_skip("nginx")
    mail, console = re.findall(r"```nginx\n(.*?)```", DEPLOY, re.DOTALL)
    (mapping,) = re.findall(r"`(map .*?})`", DEPLOY)
    config = tmp_path / "nginx.conf"
    server = f"server {{ listen 127.0.0.1:1; {mail} }} server {{ listen 127.0.0.1:2; {console} }}"
    config.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {mapping} {server} }}")
    tested = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-e", "stderr", "-c", config], capture_output=True, text=True
    )
    assert tested.returncode == 0, tested.stderr


def test_both_snippets_for_dovecot_say_the_same() -> None:
    """The one for 2.4 is tried by tests/e2e/test_side_door.py."""
    newer, older = ((ROOT / f"deploy/dovecot/auth-policy-{v}.conf").read_text() for v in ("2.4", "2.3"))
    assert newer.replace("Dovecot 2.4", "Dovecot 2.3") == older
