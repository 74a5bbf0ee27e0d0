"""The pages of people and organisations, by audience."""
