"""The staff console: an application of its own, with pages made on the server and no script."""
