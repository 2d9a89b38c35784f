"""An epoch of mnist-lenet5 learning from its own answers, in PyTorch: the peer of `bench training`.

Usage: python3 training.py IMAGES [STEPS] [THREADS]
IMAGES is the file of training images in MNIST's own format (IDX, gzip). STEPS of 64 images are measured, 0 for all images.
Work as in `bench training`: the teacher is asked about each image, the student goes forward and back, AdamW changes all weights.
"""
import gzip
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

BATCH = 64
WARMING = 20


class LeNet5(nn.Module):
    """The layers of mnist-lenet5."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 20, 5)
        self.b = nn.Conv2d(20, 50, 5)
        self.c = nn.Linear(800, 500)
        self.d = nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.a(x), 2)
        x = F.max_pool2d(self.b(x), 2)
        return self.d(F.relu(self.c(x.flatten(1))))


def images(path):
    """The images as float32, one channel each."""
    data = gzip.open(path).read()
    size = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(3)]
    return torch.tensor(np.frombuffer(data, np.uint8, offset=16).reshape(size).astype(np.float32) / 255).unsqueeze(1)


def train(student, teacher, optimizer, data, steps):
    """Steps of distillation at temperature 2."""
    for step in range(steps):
        at = step * BATCH % (len(data) - BATCH + 1)
        batch = data[at:at + BATCH]
        with torch.no_grad():
            answers = teacher(batch)
        own, other = F.log_softmax(student(batch) / 2, 1), F.log_softmax(answers / 2, 1)
        loss = F.kl_div(own, other, log_target=True, reduction="batchmean") * 4
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 5)
        optimizer.step()


def main():
    """Measures and prints one line."""
    data = images(sys.argv[1])
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    torch.set_num_threads(threads)
    steps = steps or (len(data) + BATCH - 1) // BATCH
    torch.manual_seed(0)
    teacher, student = LeNet5(), LeNet5()
    optimizer = torch.optim.AdamW(student.parameters(), 1e-5)
    train(student, teacher, optimizer, data, WARMING)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    train(student, teacher, optimizer, data, steps)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    epochs = steps * BATCH / len(data)
    print(f"PyTorch {torch.__version__}, {threads} threads, {steps} steps: {steps * BATCH / seconds:.0f} samples/s, an epoch of "
          f"{len(data)} takes {seconds / epochs:.1f} s, {used / epochs:.1f} s of all processors")


if __name__ == "__main__":
    main()
