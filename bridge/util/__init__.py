"""General helpers that do not depend on clips or jobs."""
