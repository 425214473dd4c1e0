"""Keras's own files: `.keras` archives and `.weights.h5`, read and written so that Keras reads ours and we read
Keras's."""
