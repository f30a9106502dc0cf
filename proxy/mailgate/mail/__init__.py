"""Mails to people: about rules, corrections, the quarantine mail, and the ways to send them."""
