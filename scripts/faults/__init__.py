"""`make faults`: breaks the running product in every way that is known to happen, while people talk to it."""
