"""What whoever runs the machine may see of the running product: counts and times, about the machine and about nobody."""
