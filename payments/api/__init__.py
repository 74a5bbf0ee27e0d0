"""The API of money: for workers, clients and finance."""
