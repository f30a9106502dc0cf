"""Separates changed settings that take effect in a running gate from those that wait for its next start."""

from dataclasses import replace

from mailgate.app.live import authorizer_for, authorizers_for, seen_within, served_hosts
from mailgate.config import Address, Settings, SocketFile
from mailgate.config.authz import GRPC
from mailgate.gateway.evaluate.browser_probe import Mode
from mailgate.gateway.evaluate.proving import Mode as NonceMode
from mailgate.gateway.handler import Gate
from mailgate.gateway.logs import change_level
from mailgate.store import Postures
from mailgate.views.devices import retention_times_of

READ_AT_START = "workers listen admin_listen public_url upstream upstream_ca store spool limits timeouts activesync languages company employee_page traces".split()
"""Settings that only a start can change."""


def take_settings(settings: Settings, gate: Gate, postures: Postures) -> None:
    """Use these settings from the next request on."""
    change_level(settings.log.level)
    gate.judge.prover.mode = NonceMode(settings.attestation.nonces)
    gate.own.enrolling.enroller.limit(settings.enrolment.attempts, settings.enrolment.span)
    postures.terms = settings.posture_terms(postures.terms.away)
    live = gate.in_force.live
    gate.in_force.live = replace(
        live,
        hosts=served_hosts(gate.judge.public_url, settings),
        trusted=settings.trusted_proxies,
        authorizer=authorizer_for(settings),
        authorizers=authorizers_for(settings),
        keep=retention_times_of(settings),
        hardware=settings.attestation.hardware.trusted_roots(),
        responses=replace(
            live.responses, warn_again=settings.stages.warn_again, seen_within=seen_within(settings)
        ),
        browser_probe=replace(
            live.browser_probe, mode=Mode(settings.probe), lifetime=settings.probe_lifetime
        ),
    )


def needs_restart(before: Settings, settings: Settings) -> list[str]:
    """The changed settings that only a start can change."""
    waiting = [name for name in READ_AT_START if getattr(before, name) != getattr(settings, name)]
    if (before.tls is None) is not (settings.tls is None):
        waiting.append("tls")
    if _devices_port(before) != _devices_port(settings):
        waiting.append("client_certificates")
    if _question_ports(before) != _question_ports(settings):
        waiting.append("authz_listeners")
    return waiting


def _question_ports(settings: Settings) -> set[tuple[Address | SocketFile, bool]]:
    """The addresses where other proxies ask, and whether by gRPC."""
    return {(each.listen, each.dialect == GRPC) for each in settings.authz_listeners}


def _devices_port(settings: Settings) -> Address | None:
    return settings.client_certificates.listen if settings.client_certificates else None
