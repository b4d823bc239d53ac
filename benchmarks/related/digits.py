"""The vision checks' data: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

CLASSES = 10
FEATURES = 128
"""Of an image, as `convolutions` give them."""


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images, (digits, 1, 8, 8) from 0 to 1, with their classes: seven tenths to train on, the others to test."""
    data = load_digits()
    images, classes = data.images[:, None] / 16, data.target
    split = train_test_split(images, classes, test_size=0.3, stratify=classes, random_state=seed)
    train, test, train_classes, test_classes = (torch.tensor(part) for part in split)
    return train.float(), train_classes.long(), test.float(), test_classes.long()


def convolutions() -> list[nn.Module]:
    """Layers from images, (images, 1, 8, 8), to (images, FEATURES)."""
    return [
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
    ]  # fmt: skip
