"""What marketers write, read and checked and shown."""
