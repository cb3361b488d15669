"""The pages: layout only, a file each. Questions are in `read`, writes in `act`."""
