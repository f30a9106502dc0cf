"""Notices: mails to people about rules."""
