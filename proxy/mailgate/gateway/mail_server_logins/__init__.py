"""The side door: logins at the mail server itself, which do not pass through the gate."""
