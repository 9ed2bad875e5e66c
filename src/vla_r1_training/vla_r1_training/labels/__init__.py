"""What would have been right: from topics, from the simulator, or from what the robot did."""
