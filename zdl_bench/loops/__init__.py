"""What a training step does element by element, between the matrix products: by NumPy, or compiled. The bits are the same."""
