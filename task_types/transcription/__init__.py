"""Transcription: what is said in a recording, in segments with times and perhaps speakers."""
