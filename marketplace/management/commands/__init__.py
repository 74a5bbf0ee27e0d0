"""One command per module; each is a door: it reads arguments, calls the room and prints."""
