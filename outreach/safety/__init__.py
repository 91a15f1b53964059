"""What keeps people safe that does not wait for a model."""
