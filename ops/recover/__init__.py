"""What a run that was killed has left."""
