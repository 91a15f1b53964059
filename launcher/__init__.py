"""Starts, watches and stops the product's processes on one machine."""
