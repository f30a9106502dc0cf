"""Devices enrol with the gate and report to it."""
