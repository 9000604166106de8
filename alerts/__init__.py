"""What is done about a transition: incidents, notices, deliveries."""
