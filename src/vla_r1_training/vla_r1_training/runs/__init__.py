"""What the runs of SFT and GRPO share: questions, checkpoints, logs, pictures."""
