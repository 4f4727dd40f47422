"""A stateful stand-in for the parts of AWS that ear calls, on one loopback port (see README.md)."""
