"""From bags to episodes, labels, datasets and trained models (no file here imports ROS)."""
