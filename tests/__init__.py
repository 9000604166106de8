"""Everything that is promised, held to it."""
