"""HTTP/1.1 messages as RFC 9112 wants them, without I/O: the same strict grammar towards both sides.

Nothing here is lenient. A proxy that repairs what it does not understand is how one request becomes two.
"""
