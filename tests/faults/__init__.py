"""``make faults``: what is promised, shown while things break."""
