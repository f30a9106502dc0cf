"""Caddy gets the certificate of a mail host by itself: the Caddyfiles of ``deploy/`` and the docs, before an ACME authority on loopback.

The authority is a Caddy too, which asks the mail host back as any authority does: at its ports 80 and 443. So all of it runs in a network
and with a hosts file of its own.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.servers import PATIENCE, require_or_skip, unavailable

ROOT = Path(__file__).parents[2]
HOST = "mail.example.com"
HOSTS = f"127.0.0.1 localhost gate {HOST}\n"
AUTHORITY = """\
{
	admin off
	skip_install_trust
	auto_https disable_redirects
}
https://localhost:9443 {
	tls internal
	acme_server
}
http://:8080, http://:9080 {
	respond /.mailgate/authz 200
	respond "inbox by {header.X-Forwarded-Proto}"
}
"""
"""The gate and the webmail are played by the same process: nothing here is about what they answer."""
DIRECTORY = "https://localhost:9443/acme/local/directory"
TRUSTED = "authority/caddy/pki/authorities/local/root.crt"
ASKS = f"{{\n\tacme_ca {DIRECTORY}\n\tacme_ca_root {TRUSTED}\n\tskip_install_trust\n}}\n"
SCRIPT = f"""\
ip link set lo up
mount --bind hosts /etc/hosts
started() {{ XDG_DATA_HOME=$PWD/$1 XDG_CONFIG_HOME=$PWD/$1 caddy run --config $1.caddyfile --adapter caddyfile 2>$1.log & }}
within() {{ for _ in $(seq 2000); do "$@" 2>/dev/null && return; sleep 0.05; done; "$@"; }}
started authority
asked() {{ curl --silent --show-error --fail --cacert {TRUSTED} "$@"; }}
within asked --output directory {DIRECTORY}
export MAIL_HOST={HOST}
started host
within asked --output first https://{HOST}/
asked --write-out '\\n%{{http_version}}\\n' https://{HOST}/
curl --silent --output /dev/null --write-out '%{{http_code}} %{{redirect_url}}\\n' http://{HOST}/inbox
"""
APART = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
OWN = re.compile(r"\A((?:#.*\n|\n)*)\{\n(?:\t.*\n)*\}\n", re.MULTILINE)
"""The global options of a file, after what it says of itself."""


def of_compose() -> str:
    return (ROOT / "deploy" / "compose" / "caddy" / "Caddyfile").read_text("utf-8")


def of_the_docs() -> str:
    text = (ROOT / "docs" / "webmails.md").read_text("utf-8")
    (found,) = re.findall(r"```caddyfile\n(.*?)```", text, re.DOTALL)
    return str(found)


def that_asks() -> str:
    """As its own comment says, without the ``http://``."""
    text = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text("utf-8")
    assert f"http://{HOST} {{" in text
    return text.replace(f"http://{HOST} {{", f"{HOST} {{")


@pytest.mark.parametrize("file", [of_compose, of_the_docs, that_asks])
def test_caddy_gets_a_certificate_and_leads_to_it(file: object, tmp_path: Path) -> None:
    assert callable(file)
    require_or_skip("caddy", "curl", "unshare", "ip")
    if os.geteuid() != 0:
        unavailable("a network of one's own needs root here")
    host = ASKS + OWN.sub(r"\1", file())
    for name, text in (
        ("authority.caddyfile", AUTHORITY),
        ("host.caddyfile", host),
        ("hosts", HOSTS),
        ("run", SCRIPT),
    ):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [*APART, "bash", "run"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.stdout.splitlines() == ["inbox by https", "2", f"308 https://{HOST}/inbox"], (
        done.stderr + (tmp_path / "host.log").read_text()
    )
    assert f'"certificate obtained successfully","identifier":"{HOST}"' in (tmp_path / "host.log").read_text()
