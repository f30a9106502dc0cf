"""Fields by which products that are in use tell a webmail who is there, and that the table of ``forgeable.py`` lacks."""

import pytest
from tests.attacks.conftest import Open
from tests.attacks.recording_webmail import Webmail, answer_to, request
from tests.integration.conftest import LAPTOP

FIELDS = {
    "LemonLDAP::NG": [b"Auth-Mail", b"Auth-Cn", b"Auth-Groups"],
    "caddy-security": [b"X-Token-Subject", b"X-Token-User-Email", b"X-Token-User-Name", b"X-Token-User-Roles"],
    "Keycloak's proxies": [b"Keycloak-Username", b"Keycloak-Email", b"X-Auth-Given-Name", b"X-Auth-Family-Name"],
    "Sandstorm": [b"X-Sandstorm-User-Id", b"X-Sandstorm-Username"],
    "SSOwat": [b"Ynh-User", b"Ynh-User-Email", b"Email"],
    "BIG-IP": [b"SSLClientCert", b"SSLClientCertSubject", b"SSLClientCertStatus"],
    "by hand": [b"X-SSO-User", b"X-Auth-Mail", b"X-Auth-Login", b"Http-Remote-User", b"X-NTLM-User", b"X-Kerberos-User", b"X-ClientCert"],
}  # fmt: skip


@pytest.mark.parametrize("names", FIELDS.values(), ids=FIELDS)
async def test_no_field_of_another_login_reaches_the_webmail(
    way: Open, recording: Webmail, names: list[bytes]
) -> None:
    front, agent = way(), b"User-Agent: " + LAPTOP.encode()
    passed = []
    for name in names:
        await answer_to(front.url, request(b"GET /inbox", agent, name + b": forged"))
        passed += [name] if recording.lines(name) else []
        recording.heads.clear()
    assert passed == []
