"""The settings of the sources of device inventory. ``SourceSettings`` in ``apis.py`` lists them all."""
