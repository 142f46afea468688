"""The experiments: for each chapter its data, its recipe and `measure(seed)`."""
