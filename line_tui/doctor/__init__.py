"""What stands between the user and a first explanation, each problem with its fix."""
