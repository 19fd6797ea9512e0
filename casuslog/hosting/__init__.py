"""What runs the services: nameko containers with their entrypoints, the platform they share, processes and logs."""
