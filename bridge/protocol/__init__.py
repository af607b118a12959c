"""The messages, jobs and answers that the bridge and the DAWs exchange."""
