"""The API of people and organisations, by who calls it."""
