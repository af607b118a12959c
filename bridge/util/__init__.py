"""General helpers that know nothing about clips or jobs."""
