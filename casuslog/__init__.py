"""Casuslog: the shared case history of the sociaal domein as one log of domain events. Knows nothing of the Wmo."""
