"""One module for each operation: how its request is built and its response read, without any I/O."""
