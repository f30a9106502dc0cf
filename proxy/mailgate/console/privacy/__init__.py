"""What data protection, works councils and employees ask about a gate, as far as its own configuration answers it."""
