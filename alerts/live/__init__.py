"""What is told at once, to whoever is connected: snapshot, events after it, resume by cursor."""
