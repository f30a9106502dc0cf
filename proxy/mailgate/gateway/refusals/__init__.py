"""What a client gets in place of mail: refusals and errors in the form of its protocol."""
