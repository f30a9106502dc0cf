"""Traffic like that of a webmail: people with their own cookies and browsers, and requests that are never repeated."""
