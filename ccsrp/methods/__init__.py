"""The systems that are compared, one file each, behind one interface."""
