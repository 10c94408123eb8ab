"""One file a kind: its spec, its resources. Kinds never import each other. Pure."""
