"""Real disturbances of real sweeps, and what has to hold afterwards."""
