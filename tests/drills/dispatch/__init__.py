"""Drills of dispatch: exactly once while processes, connections and leases die."""
