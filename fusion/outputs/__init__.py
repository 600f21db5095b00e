"""What a session says, in the languages that apps, labs and cars already speak."""
