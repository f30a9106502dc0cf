"""The demonstration: the gate before a small mailbox, with an issuer and a phone made for it on the spot."""
