"""How fast this is beside what one would use instead. ``make bench`` runs it; nothing here is a gate of the tests."""
