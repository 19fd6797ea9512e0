"""The main job: three real cases, played step by step on their own clock through the public HTTP API."""
