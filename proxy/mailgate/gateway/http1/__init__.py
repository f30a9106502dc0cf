"""HTTP/1.1 as RFC 9112 wants it: one strict grammar towards both sides, the connections of clients, and whom their fields come from.

Nothing here is lenient. A proxy that repairs what it does not understand is how one request becomes two.
"""
