"""Everything that is written to people: mails about rules, corrections, the quarantine mail, and the ways they go."""
