"""TLS client certificates as they come in: from the gate's own handshake, or in a header of a trusted proxy.

One form a file: `rfc9440` is ``Client-Cert``, `xfcc` Envoy's ``X-Forwarded-Client-Cert``, `escaped_pem` what nginx
writes. Here bytes become certificates; what a certificate is worth is said by ``attest/client_certs.py``.
"""

from mailgate.errors import MailgateError


class UnreadableError(MailgateError):
    """A header that is not the one form it must have. Says what is expected, and never repeats the header."""
