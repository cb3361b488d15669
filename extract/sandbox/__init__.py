"""A small company that answers over HTTP on loopback like HubSpot and like Stripe, for demo, guided test and tests.

`company` makes its books from a seed, `server.serve` answers for them, `python -m extract.sandbox` runs it as a
process of its own. Nothing here imports the rest of the project: it stands for the world outside.
"""
