"""The reasoner: from an image and an instruction to a thought and a box or a trace."""
