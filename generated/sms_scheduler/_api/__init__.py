# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""One module for each operation: how its request is built and its response read, without any I/O."""
