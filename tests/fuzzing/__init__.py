"""A hundred thousand odd requests for the two addresses that take events; `make fuzz`."""
