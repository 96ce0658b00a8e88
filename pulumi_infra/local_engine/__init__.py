"""Runs the real Pulumi program against the local cloud, on a machine without the Pulumi CLI and its plugins.

The SDK talks to an engine through two interfaces, the resource monitor and the engine. This package implements
both in the same process. It is given the very messages the CLI would be given (parents, dependencies, options,
secrets), does what they ask through the AWS API of an emulator, and keeps the state in Pulumi's own file format.
"""
