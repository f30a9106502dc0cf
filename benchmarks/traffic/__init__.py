"""Traffic as a webmail sees it: people with cookies and browsers of their own, and requests that never come again."""
