"""What stands between the inside and other people's software: databases, and later queues and letter boxes."""
