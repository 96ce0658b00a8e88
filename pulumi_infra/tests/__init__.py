"""Tests of the Pulumi program, and of the engine that runs it on the local cloud."""
