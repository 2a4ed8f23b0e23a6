"""The emoji world: a generator of emoji pictures and a network whose units have known meanings."""
