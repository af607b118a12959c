"""The messages, jobs and answers that cross between the bridge and the DAWs."""
