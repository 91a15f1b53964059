"""What is asked and what is not answered: counts, and never anything that was written."""
