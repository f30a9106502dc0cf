"""Reads TLS client certificates, either from the gate's own handshake or from a header of a trusted proxy.

Each form has a file: `rfc9440` reads ``Client-Cert``, `xfcc` Envoy's ``X-Forwarded-Client-Cert``, and `escaped_pem` the form
of nginx. Bytes become certificates here; ``attest/client_certs.py`` decides what a certificate is worth.
"""

from mailgate.errors import MailgateError


class UnreadableError(MailgateError):
    """A header does not have the form that it must have. The text says what is expected and never repeats the header."""
