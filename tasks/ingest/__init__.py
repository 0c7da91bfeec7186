"""Pages in, good rows kept, bad ones set aside."""
