"""A contender: a training step of torchvision's MobileNetV2 or ResNet50 in float32."""

import os
import sys
import time

import torch
import torchvision

from turns import serve


def network(name):
    if name == "resnet50":
        return torchvision.models.resnet50(num_classes=10)
    net = torchvision.models.mobilenet_v2(num_classes=10, dropout=0)
    net.features[0][0].stride = (1, 1)  # as Qalibre's, made for pictures of 32×32
    return net


def main():
    name, size, batch, layout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = network(name).train().to(memory_format=memory_format)
    optimizer = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)
    x = torch.randn(batch, 3, size, size).to(memory_format=memory_format)
    y = torch.arange(batch) % 10

    def step():
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.item()
        loss.backward()
        optimizer.step()
        return 1e3 * (time.perf_counter() - start)

    serve(sys.stdout, step, 3)


if __name__ == "__main__":
    main()
