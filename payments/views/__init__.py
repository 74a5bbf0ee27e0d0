"""The pages of money: for workers, clients and finance."""
