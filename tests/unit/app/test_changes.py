"""What changed files change in a gate that runs, and what waits for its next start."""

from mailgate.app.changes import FIXED
from mailgate.config.settings import Settings

TAKEN_BY_A_RELOAD = {
    "trusted_proxies", "login_domains", "authz", "attestation", "enrolment", "probe", "probe_lifetime", "dovecot", "guard", "admins", "posture", "retention", "files",
    "connectors", "console", "notices", "stages", "witness", "log", "events",
}  # fmt: skip
SWITCHED_BY_A_START = {"tls", "client_certificates", "authz_listeners"}
"""On or off, and where; what the files hold, and how a port is asked, is taken by a reload."""


def test_every_setting_takes_effect_by_a_reload_or_is_named_as_one_that_waits():
    assert len(FIXED) == len(set(FIXED))
    assert set(Settings.model_fields) == set(FIXED) | TAKEN_BY_A_RELOAD | SWITCHED_BY_A_START
    assert not TAKEN_BY_A_RELOAD & set(FIXED)
