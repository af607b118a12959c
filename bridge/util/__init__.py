"""Small helpers without knowledge of clips or jobs."""
