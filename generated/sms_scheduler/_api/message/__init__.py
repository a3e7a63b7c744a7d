"""A message, which is all the SMS created by one request."""
