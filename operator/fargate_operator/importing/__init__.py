"""`import`: what other tools' files say, as a FargateApp. At the edge: it uses the pure core, and only the command uses it."""
