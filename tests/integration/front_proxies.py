"""Other proxies in front, with the configurations in ``deploy/`` and the addresses of a test."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.processes import BIN
from tests.integration.gate import Gate
from tests.servers import (
    answers,
    free_port,
    listens,
    nginx_command,
    require_or_skip,
    running,
    serving_by_nginx,
)

ROOT = Path(__file__).parents[2]
DEPLOY, DOCS = ROOT / "deploy", ROOT / "docs"
NEWER_CADDY, TRAEFIK = BIN / "caddy", BIN / "traefik"
"""Those that the benchmarks use, where they are set up; the other Caddy is the system's."""
ENVOY = Path(sys.executable).with_name("envoy")
"""It comes as a Python package."""
CADDY_OPTIONS = " admin off\n auto_https off\n grace_period 100ms\n"
GATE, WEBMAIL = "127.0.0.1:8080", "127.0.0.1:9080"


def _config(name: str, gate: str, webmail: str, *changes: tuple[str, str]) -> str:
    """A file of ``deploy/`` with changes, each of which must match exactly once. ``gate``: its address in the
    program's syntax."""
    text = (DEPLOY / name).read_text().replace(GATE, gate).replace(WEBMAIL, _address(webmail))
    for pattern, instead in changes:
        text, count = re.subn(pattern, instead, text)
        assert count == 1, pattern
    return text


def _address(url: str) -> str:
    """Host and port; a Unix socket as it is."""
    return urlsplit(url).netloc or url


@contextmanager
def nginx(
    gate: str, webmail: str, run: Path, *, keeping: bool = False, besides: str = "", lasts: str = "30m"
) -> Iterator[str]:
    """``keeping``: it reuses a yes as long as it may. ``besides``: additional parts of its key. ``lasts``: after what time a stream ends
    that runs when nginx reloads."""
    require_or_skip("nginx")
    port = free_port()
    server = _config(
        "nginx/forward-auth.conf",
        _address(gate),
        webmail,
        (r"default off;", f"default {'mailgate' if keeping else 'off'};"),
        (r'held_besides {\n  default "";', f'held_besides {{\n  default "{besides}";'),
        (r"listen 80;", f"listen 127.0.0.1:{port};"),
        (r"/run/nginx-mailgate", f"{run}/verdicts"),
    )
    shutil.copy(DEPLOY / "nginx" / "mailgate-unforged.conf", run)
    streams = (DEPLOY / "nginx" / "mailgate-streams.conf").read_text()
    assert streams.count(" 30m;") == 1
    with serving_by_nginx(run, port, server, streams.replace(" 30m;", f" {lasts};")):
        yield f"http://127.0.0.1:{port}"


def reload_nginx(run: Path) -> None:
    """Let nginx do what ``mailgate-streams.timer`` lets it do."""
    unit = (DEPLOY / "nginx" / "mailgate-streams.service").read_text()
    (arguments,) = re.findall(r"^ExecStart=/usr/sbin/nginx (.*)$", unit, re.MULTILINE)
    subprocess.run([*nginx_command(run), *arguments.split()], check=True, capture_output=True)


@contextmanager
def nginx_before(gate: str, run: Path) -> Iterator[str]:
    """nginx that hands everything on to the gate, as ``docs/deploy.md`` says."""
    require_or_skip("nginx")
    page, port = (DOCS / "deploy.md").read_text(), free_port()
    (location,) = re.findall(r"With nginx:\n\n```nginx\n(location / {\n.*?)```", page, re.DOTALL)
    (upgrading,) = re.findall(r"`(map \$http_upgrade .*?)`", page)
    assert GATE in location
    server = f"server {{ listen 127.0.0.1:{port};\n{location.replace(GATE, _address(gate))} }}"
    with serving_by_nginx(run, port, f"{upgrading}\n{server}"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def haproxy(gate: str, webmail: str, run: Path, *, lasts: str = "3600") -> Iterator[str]:
    """``lasts``: after how many seconds a stream ends."""
    require_or_skip("haproxy")
    port = free_port()
    lua = DEPLOY / "haproxy" / "mailgate.lua"
    config = _config(
        "haproxy/haproxy.cfg",
        _address(gate),
        webmail,
        (r"bind :80 ", f"bind 127.0.0.1:{port} "),
        (r"/etc/haproxy/mailgate.lua", str(lua)),
        (r"lua\.lasting 3600 ", f"lua.lasting {lasts} "),
    )
    (run / "haproxy.cfg").write_text(config)
    with running(
        ["/usr/sbin/haproxy", "-db", "-f", run / "haproxy.cfg"], ready=listens(port), log=run / "haproxy.log"
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def caddy(gate: str, webmail: str, run: Path, binary: str = "caddy", *, lasts: str = "1h") -> Iterator[str]:
    """``lasts``: after what time an answer ends."""
    require_or_skip(binary)
    port = free_port()
    named = _address(gate).replace("unix:", "unix/")
    site = _config(
        "caddy/Caddyfile",
        named,
        webmail,
        (r"http://mail.example.com", f"http://:{port}"),
        (r"\n{\n", f"\n{{\n{CADDY_OPTIONS}"),
        (r"write 1h\n", f"write {lasts}\n"),
    )
    with _caddy(run, port, site, binary):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _caddy(run: Path, port: int, site: str, binary: str = "caddy") -> Iterator[None]:
    (run / "Caddyfile").write_text(site)
    home = {"XDG_DATA_HOME": str(run), "XDG_CONFIG_HOME": str(run)}
    command = [binary, "run", "--adapter", "caddyfile", "--config", run / "Caddyfile"]
    with running(command, ready=listens(port), log=run / "caddy.log", environment=home):
        yield


@contextmanager
def caddy_before(gate: str, run: Path) -> Iterator[str]:
    """Caddy that hands everything on to the gate, as ``docs/webmails.md`` says."""
    require_or_skip("caddy")
    page, port = (DOCS / "webmails.md").read_text(), free_port()
    (site,) = re.findall(r"```caddyfile\nmail\.example\.com ({\n.*?)```", page, re.DOTALL)
    assert GATE in site
    with _caddy(run, port, f"{{\n{CADDY_OPTIONS}}}\nhttp://:{port} {site.replace(GATE, _address(gate))}"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def envoy(gate: str, webmail: str, run: Path, *, lasts: str = "3600s") -> Iterator[str]:
    """``lasts``: after what time a stream ends."""
    require_or_skip(str(ENVOY))
    port = free_port()
    theirs = urlsplit(webmail).port
    here = f"socket_address: {{address: 127.0.0.1, port_value: {urlsplit(gate).port}}}"
    if gate.startswith("unix:"):
        here = f"pipe: {{path: {gate.removeprefix('unix:')}}}"
    config = _config(
        "envoy/envoy.yaml",
        GATE,
        webmail,
        (r"address: 0\.0\.0\.0, port_value: 80}", f"address: 127.0.0.1, port_value: {port}}}"),
        (r"max_stream_duration: 3600s", f"max_stream_duration: {lasts}"),
        (r"socket_address: {address: 127\.0\.0\.1, port_value: 8080}", here),
        (r"port_value: 9080", f"port_value: {theirs}"),
    )
    (run / "envoy.yaml").write_text(config)
    with running(_envoy(run), ready=listens(port), log=run / "envoy.log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def envoy_grpc(
    gate: str, webmail: str, run: Path, questions: str = "", *, lasts: str = "3600s"
) -> Iterator[str]:
    """``questions``: the address for questions by gRPC. ``lasts``: after what time a stream ends."""
    require_or_skip(str(ENVOY))
    port = free_port()
    config = _config(
        "envoy/envoy-grpc.yaml",
        GATE,
        webmail,
        (r"address: 0\.0\.0\.0, port_value: 80}", f"address: 127.0.0.1, port_value: {port}}}"),
        (r"max_stream_duration: 3600s", f"max_stream_duration: {lasts}"),
        (r"port_value: 8080", f"port_value: {urlsplit(gate).port}"),
        (r"port_value: 8082", f"port_value: {urlsplit(questions).port}"),
        (r"port_value: 9080", f"port_value: {urlsplit(webmail).port}"),
    )
    (run / "envoy.yaml").write_text(config)
    with running(_envoy(run), ready=listens(port), log=run / "envoy.log"):
        yield f"http://127.0.0.1:{port}"


def _envoy(run: Path) -> list[str | Path]:
    alone = ["--disable-hot-restart", "--concurrency", "1", "-l", "warning"]
    return [ENVOY, *alone, "-c", run / "envoy.yaml"]


@contextmanager
def traefik(gate: str, webmail: str, run: Path, *, lasts: str = "1h") -> Iterator[str]:
    """``lasts``: after what time an answer ends."""
    require_or_skip(str(TRAEFIK))
    port = free_port()
    text = (DEPLOY / "traefik" / "dynamic.yaml").read_text().replace(GATE, _address(gate))
    text = text.replace(WEBMAIL, _address(webmail)).replace("Host(`mail.example.com`)", "PathPrefix(`/`)")
    (run / "dynamic.yaml").write_text(text)
    static = _config(
        "traefik/traefik.yaml",
        "",
        "",
        (r"address: \":80\"", f"address: 127.0.0.1:{port}"),
        (r"transport:\n", "transport:\n      lifeCycle: {graceTimeOut: 100ms}\n"),
        (r"writeTimeout: 1h", f"writeTimeout: {lasts}"),
        (r"filename: .*", f"filename: {run / 'dynamic.yaml'}\n    watch: false"),
        (r"\Z", "global: {checkNewVersion: false, sendAnonymousUsage: false}\n"),
    )
    (run / "traefik.yaml").write_text(static)
    command = [TRAEFIK, f"--configFile={run / 'traefik.yaml'}"]
    url = f"http://127.0.0.1:{port}"
    # it listens before it has read its routes
    with running(command, ready=answers(f"{url}/.mailgate/healthz"), log=run / "traefik.log"):
        yield url


@contextmanager
def two_gates(gates: Sequence[Gate], port: int, run: Path) -> Iterator[None]:
    """HAProxy on ``port`` before these two gates."""
    require_or_skip("haproxy")
    text = (DEPLOY / "haproxy" / "two-gates.cfg").read_text()
    for number, gate in enumerate(gates, 1):
        (_, public), (_, admin) = gate.public, gate.admin
        named, here = f"gate-{number}:8080 port 8081", f"127.0.0.1:{public} port {admin}"
        assert text.count(named) == 1
        text = text.replace(named, here)
    assert text.count("bind :80 ") == 1
    config = run / "haproxy.cfg"
    config.write_text(text.replace("bind :80 ", f"bind 127.0.0.1:{port} "))
    with running(["/usr/sbin/haproxy", "-db", "-f", config], ready=listens(port), log=run / "haproxy.log"):
        yield
