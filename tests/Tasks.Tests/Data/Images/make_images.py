"""Writes the images of this folder and, as pixels.txt, the pixels that PIL reads from them (converted to RGB), in base64."""
import base64
import os
from PIL import Image

folder = os.path.dirname(os.path.abspath(__file__))
size = (19, 13)
colors = Image.frombytes("RGB", size, bytes(
    (x * 11 + c * 40, y * 17 + x * c * 3, (x + y) * 7)[c] & 255 for y in range(size[1]) for x in range(size[0]) for c in range(3)))
files = {
    "rgb.png": (colors, {}),
    "gray.png": (colors.convert("L"), {}),
    "palette.png": (colors.quantize(16), {}),
    "alpha.png": (Image.merge("RGBA", (*colors.split(), colors.convert("L"))), {}),
    "baseline.jpg": (colors, {"quality": 90, "subsampling": 0}),
    "progressive.jpeg": (colors, {"quality": 85, "progressive": True}),
    "gray.jpg": (colors.convert("L"), {"quality": 90}),
}
lines = []
for name, (image, options) in files.items():
    path = os.path.join(folder, name)
    image.save(path, **options)
    lines.append(name + " " + base64.b64encode(Image.open(path).convert("RGB").tobytes()).decode())
with open(os.path.join(folder, "pixels.txt"), "w", encoding="ascii") as file:
    file.write("\n".join(lines) + "\n")
