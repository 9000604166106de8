"""The engine: how near two people could be, and whether a zone is breached."""
