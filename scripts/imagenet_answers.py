"""Writes src/test/resources/golden/imagenet_answers.csv: what a network answers to a folder of ImageNet pictures.

A line a picture: its path below `val/`, its class, and the class that ONNX Runtime gives it, with pictures prepared by
Pillow as torchvision does: the shorter side to 256, bicubic, 224x224 from the middle, (x - 127) / 128.

    python scripts/imagenet_answers.py FOLDER MODEL.onnx

FOLDER holds `val/<synset>/*.JPEG` and `synsets.txt`. Needs numpy, onnxruntime and pillow.
"""

import argparse
from pathlib import Path

import numpy
import onnxruntime
from PIL import Image

TARGET = Path(__file__).resolve().parent.parent / "src/test/resources/golden/imagenet_answers.csv"
SHORTER, CROP = 256, 224


def prepared(file):
    image = Image.open(file).convert("RGB")
    width, height = image.size
    shorter = min(width, height)
    image = image.resize((SHORTER * width // shorter, SHORTER * height // shorter), Image.Resampling.BICUBIC)
    left, top = round((image.width - CROP) / 2), round((image.height - CROP) / 2)
    pixels = numpy.asarray(image.crop((left, top, left + CROP, top + CROP)), dtype=numpy.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)[None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    args = parser.parse_args()
    lines = (args.folder / "synsets.txt").read_text().splitlines()
    classes = {line.split()[0]: number for number, line in enumerate(lines)}
    session = onnxruntime.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    answers = ["picture,class,answer"]
    for file in sorted((args.folder / "val").glob("*/*.JPEG")):
        logits = session.run(None, {session.get_inputs()[0].name: prepared(file)})[0]
        answers.append(f"{file.parent.name}/{file.name},{classes[file.parent.name]},{logits.argmax()}")
    TARGET.write_text("\n".join(answers) + "\n")
    print(f"{TARGET}: {len(answers) - 1} pictures")


if __name__ == "__main__":
    main()
