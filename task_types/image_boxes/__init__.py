"""Image boxes: mark every object of some kinds in a picture with a tight rectangle."""
