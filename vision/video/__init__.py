"""Reading and writing clips: the only importer of PyAV."""
