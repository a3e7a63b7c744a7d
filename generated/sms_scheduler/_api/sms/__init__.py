"""A single SMS, sent to one phone number."""
