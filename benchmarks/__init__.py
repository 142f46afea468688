"""Side by side with the peers: `python -m benchmarks` (or `make bench`).

Each peer has an environment (environments.py) and a process (worker.py) of its own, in which
peers.py asks it for the same things in its own words. __main__.py takes turns among them and
writes results.json, from which the book's page is made.
"""
