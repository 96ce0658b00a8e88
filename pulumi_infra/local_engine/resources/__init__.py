"""The kinds of resources the local engine knows, one file a service."""
