"""The console as a JSON API for programs, described in OpenAPI 3.1.

``site.py`` has the table of all operations; requests are read, answers are written and the description is made
from it. The API makes no decisions of its own.
"""
