"""The demonstration: the gate before a small mailbox, with an issuer and a phone that are made for it."""
