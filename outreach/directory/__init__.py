"""What help there is, when it is open, and where a person is. It knows services and places, not conversations."""
