"""What changed files change in a gate that runs, and what waits for its next start."""

import pytest

from mailgate.app.settings_changes import READ_AT_START, needs_restart
from mailgate.config.settings import Settings

TAKEN_BY_A_RELOAD = {
    "trusted_proxies", "login_domains", "authz", "attestation", "enrolment", "probe", "probe_lifetime", "dovecot", "guard", "admins", "posture", "retention", "files",
    "connectors", "console", "hosts", "notices", "stages", "witness", "log", "events",
}  # fmt: skip
SWITCHED_BY_A_START = {"tls", "client_certificates", "authz_listeners"}
"""On or off, and where; what the files hold, and how a port is asked, is taken by a reload."""


def test_every_setting_takes_effect_by_a_reload_or_is_named_as_one_that_waits():
    assert len(READ_AT_START) == len(set(READ_AT_START))
    assert set(Settings.model_fields) == set(READ_AT_START) | TAKEN_BY_A_RELOAD | SWITCHED_BY_A_START
    assert not TAKEN_BY_A_RELOAD & set(READ_AT_START)


@pytest.mark.parametrize(("dialect", "waits"), [("nginx", []), ("envoy-grpc", ["authz_listeners"])])
def test_a_port_learns_another_dialect_at_once_and_grpc_by_a_start(bundle, dialect, waits):
    asked = "http://127.0.0.1:9080\ntrusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{{listen: '127.0.0.1:8082', dialect: {}}}]"
    before, after = (bundle(asked.format(each)).settings for each in ("envoy", dialect))
    assert needs_restart(before, after) == waits
