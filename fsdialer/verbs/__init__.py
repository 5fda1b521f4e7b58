"""The verbs of the command line that do more than start a process. `fsdialer.cli` lists them all."""
