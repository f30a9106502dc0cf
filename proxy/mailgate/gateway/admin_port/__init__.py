"""The admin port: health, metrics, the console's applications, and what sources post."""
