"""`push`: images built on this machine and pushed to their apps' repositories. At the edge: only the command uses it."""
