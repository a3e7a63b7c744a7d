# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""A single SMS, sent to one phone number."""
