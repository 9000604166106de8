"""From a radio's claim to a fix we trust: decode, screen, sequence, commit, acknowledge."""
