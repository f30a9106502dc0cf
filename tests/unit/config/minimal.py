"""The smallest valid settings."""

MINIMAL = """
listen: 127.0.0.1:8080
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:8081
store: "sqlite:///gate.db"
"""
