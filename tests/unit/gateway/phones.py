"""Phones, and a gate that lets clean phones in."""

import base64
from ipaddress import ip_network

from tests import pki
from tests.unit.gateway.gates import NOW, Known, gate, policy, renew
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.verifier import Verdict
from mailgate.http.client_certs import ProxyForm
from mailgate.model import Kind, Posture, PostureState

EAS = "/Microsoft-Server-ActiveSync?Cmd={}&DeviceId=a&DeviceType=iPhone"
LOGIN = b"Authorization: Basic YWRhOng="
PROXIES = (ip_network("192.0.2.0/24"),)
DEVICES = pki.root(now=NOW)
PHONE = DEVICES.device()
HANDED_ON = b"Client-Cert: :" + base64.b64encode(PHONE.der) + b":"
KNOWN = Posture(PostureState.CLEAN, "d1", Kind.PHONE, source="mdm")


class Believing:
    """A verifier that finds this proof in every request."""

    def __init__(self, proof):
        self.proof = proof

    def verify(self, *_, **__):
        return Verdict(self.proof)

    recheck = verify


def incoming_of(path):
    head = exchange(f"POST {path} HTTP/1.1".encode()).head
    return facts_of(head, peer="192.0.2.7", secure=False, trusted=())


def mobile(**changed):
    """A gate that lets clean phones in."""
    known = Known()
    known.posture = Posture(PostureState.CLEAN)
    rules = ({"id": "clean", "when": 'client.handheld && device.state == "clean"', "effect": "allow"},)
    on = gate(postures=known, **changed)
    renew(on, policy=policy(rules))
    return on


def with_certificates(**changed):
    """A gate that believes device certificates from a proxy at the address of the tests' clients."""
    on = mobile(trusted=PROXIES, **changed)
    certificates = CertificateVerifier([DEVICES.certificate])
    renew(on, certificates=certificates, proxy_form=ProxyForm("client-cert"))
    on.judge.postures.posture = Posture()
    on.judge.postures.certified_posture = KNOWN
    return on
