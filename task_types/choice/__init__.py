"""Choice: read a text or look at a picture, choose one label or several."""
