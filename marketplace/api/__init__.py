"""The market's part of the API: what a client, a worker and ops can do here, for programs; one module per thing."""
