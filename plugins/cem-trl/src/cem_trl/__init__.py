"""cem-toolkit's trainer: TRL's SFTTrainer on pre-training text and instructions together."""
