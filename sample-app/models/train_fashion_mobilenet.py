"""Trains fashion-mobilenet, the network of the sample, with PyTorch and exports it to ONNX.

Usage: python3 train_fashion_mobilenet.py DATA_DIR OUTPUT.onnx
DATA_DIR holds the four files of Fashion-MNIST in its authors' IDX format (train-images-idx3-ubyte.gz, ...).
A depthwise-separable CNN with ReLU6; input image float32[batch,1,28,28] in 0..1, output scores float32[batch,10].
"""
import gzip
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
np.random.seed(0)
DATA, OUT = sys.argv[1:3]


def idx(name):
    raw = gzip.open(os.path.join(DATA, name)).read()
    dims = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dims)


def split(prefix):
    images = torch.tensor(idx(prefix + "-images-idx3-ubyte.gz").astype(np.float32) / 255).unsqueeze(1)
    return images, torch.tensor(idx(prefix + "-labels-idx1-ubyte.gz").astype(np.int64))


def separable(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6())


class FashionMobilenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(),
            separable(16, 32, 1), separable(32, 64, 2), separable(64, 64, 1), separable(64, 128, 2), separable(128, 128, 1))
        self.c = nn.Linear(128, 10)

    def forward(self, image):
        return self.c(self.f(image).mean((2, 3)))


model, (x, y), (tx, ty) = FashionMobilenet(), split("train"), split("t10k")
epochs, batch = 5, 128
optimizer = torch.optim.AdamW(model.parameters(), 4e-3, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, epochs * (len(x) // batch))
for epoch in range(epochs):
    model.train()
    order = torch.randperm(len(x))
    for i in range(0, len(x) - batch + 1, batch):
        rows = order[i:i + batch]
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        right = sum((model(b).argmax(1) == t).sum().item() for b, t in zip(tx.split(500), ty.split(500)))
    print(f"epoch {epoch}: Top-1 {right / len(ty):.4f}", flush=True)
torch.onnx.export(model, tx[:1], OUT, opset_version=14, input_names=["image"], output_names=["scores"],
                  dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}})
