"""A login that the gate cannot read and the webmail can names nobody to the rules, and somebody to the mail.

The webmail is one behind a real nginx with ``auth_basic``, which takes Basic credentials without their padding, as Apache,
PHP and SOGo do.
"""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attacks.recording_webmail import answer_to
from tests.integration.conftest import Guard
from tests.integration.conftest import guard as guard
from tests.servers import free_port, listens, require_or_skip, running

RULES = {
    "rules": [
        {"id": "not-ada", "when": 'client.handheld && user.name == "ada"', "effect": "block"},
        {"id": "the-rest", "when": "true", "effect": "allow"},
    ]
}
EAS = "/Microsoft-Server-ActiveSync?Cmd=Options&User=ada&DeviceId=AB12&DeviceType=iPhone"
LOGIN = b64encode(b"ada:secret").decode()
SPELLED = {
    "as it should be": f"Basic {LOGIN}",
    "more spaces": f"Basic   {LOGIN}",
    "no padding": f"Basic {LOGIN.rstrip('=')}",
    "half a padding": f"Basic {LOGIN[:-1]}",
    "too much padding": f"Basic {LOGIN}=",
    "something behind it": f"Basic {LOGIN} x",
}


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[str]:
    require_or_skip("nginx")
    port, run = free_port(), tmp_path / "mail"
    run.mkdir()
    (run / "passwords").write_text("ada:{PLAIN}secret\n")
    temporary = "\n".join(
        f"{each}_temp_path {run}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (run / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {run}/pid; error_log stderr; user root;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; {temporary}\n server {{ listen 127.0.0.1:{port};\n"
        f" location / {{ auth_basic mail; auth_basic_user_file {run}/passwords; try_files /nothing @shown; }}\n"
        ' location @shown { add_header X-Shown "mail of $remote_user" always; return 204; } } }\n'
    )
    command = ["/usr/sbin/nginx", "-e", "stderr", "-c", run / "nginx.conf"]
    with running(command, ready=listens(port), log=run / "log"):
        yield f"http://127.0.0.1:{port}"


async def test_a_person_named_by_a_rule_gets_no_mail_in_any_spelling(guard: Guard, mail: str) -> None:
    guarded = guard(RULES, upstream=mail)
    for spelling, login in SPELLED.items():
        sent = (
            f"GET {EAS} HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: Apple-iPhone14C2/2002.62\r\n"
            f"Authorization: {login}\r\n\r\n"
        )
        assert b"mail of ada" not in await answer_to(guarded.url, sent.encode()), spelling
