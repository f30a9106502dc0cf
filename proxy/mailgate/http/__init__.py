"""HTTP/1.1 (RFC 9112): one strict grammar for both sides, the connections of clients, and the fields to believe.

Nothing here is lenient. A proxy that repairs what it does not understand can turn one request into two.
"""
