"""Writes pil-resize.txt: what PIL makes of images of noise and of stripes when it resizes them with BILINEAR. Each line: rows and columns
of the image, of the resized one, channels, kind, bytes."""
import base64
import os
import PIL
from PIL import Image


def levels(kind, rows, columns, channels):
    if kind == "stripes":
        return bytes(255 if (x // 3 + y // 2 + c) % 2 else 0 for y in range(rows) for x in range(columns) for c in range(channels))
    seed, result = 1, bytearray()
    for _ in range(rows * columns * channels):
        seed = (seed * 1103515245 + 12345) % 2 ** 31
        result.append(seed >> 16 & 255)
    return bytes(result)


lines = ["# PIL " + PIL.__version__]
for rows, columns, to_rows, to_columns, channels in [
        (47, 61, 24, 32, 3), (28, 28, 28, 28, 1), (20, 13, 33, 40, 3), (200, 150, 10, 16, 3), (9, 100, 16, 16, 1), (64, 64, 7, 90, 1)]:
    for kind in ["noise", "stripes"]:
        image = Image.frombytes("L" if channels == 1 else "RGB", (columns, rows), levels(kind, rows, columns, channels))
        resized = image.resize((to_columns, to_rows), Image.BILINEAR)
        lines.append(f"{rows} {columns} {to_rows} {to_columns} {channels} {kind} " + base64.b64encode(resized.tobytes()).decode())
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pil-resize.txt"), "w", encoding="ascii") as file:
    file.write("\n".join(lines) + "\n")
