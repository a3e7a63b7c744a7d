# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""A message, which is all the SMS created by one request."""
