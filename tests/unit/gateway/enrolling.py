"""A device that enrols with a gate and reports to it, request by request."""

import json
from itertools import count

from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange, handled

from mailgate.attest import mint

GATE = "https://mail.example.com"
DEVICE = mint.make_key(b"device" * 8, "")
OTHER = mint.make_key(b"other!" * 8, "")
_numbers = count()


def key_proof(path, key=DEVICE, now=NOW, nonce=""):
    """A proof of a key for a POST to the gate, without a token."""
    jti = f"p-{next(_numbers)}"
    return mint.sign_proof("", key, method="POST", url=GATE + path, jti=jti, now=now, nonce=nonce)


async def post(on, path, body, *fields, proof=None):
    """POST ``body``. Returns the status, the headers and the JSON. An empty ``proof`` means none."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = key_proof(path) if proof is None else proof
    lines = [f"DPoP: {sent}".encode()] if sent else []
    lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(data), *fields]
    asked = exchange(f"POST {path} HTTP/1.1".encode(), *lines, body=data)
    await handled(on, asked)
    head, _, answer = asked.connection.transport.written.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return int(status.split(" ")[1]), dict(line.split(": ", 1) for line in headers), json.loads(answer)


async def enroll(on, *fields, token="let me in", proof=None):
    return await post(on, "/.mailgate/enroll", {"token": token}, *fields, proof=proof)


async def report(on, body=None, *fields, proof=None):
    return await post(on, "/.mailgate/attest", body or {"os": "android"}, *fields, proof=proof)
