"""The networks against what their papers and torchvision say of them, without memory: on the device "meta"."""

import hashlib

import pytest

import minigrad as mg
from minigrad.errors import DataError, ShapeError
from minigrad.models import MODELS, VGG, AlexNet2012, CifarResNet, GoogLeNet, ResNet, build_model
from minigrad.nn.summary import summary
from minigrad.ops.update import without_random_fills

# Of torchvision 0.28: entries of the state dict, parameters, and a digest of the entries' names, shapes and order.
TORCHVISION = {
    "alexnet": (16, 61100840, "9c198ebdae1863e4"),
    "vgg11": (22, 132863336, "cb3dc23f2a13e182"),
    "vgg13": (26, 133047848, "67c1dc8b57fde74b"),
    "vgg16": (32, 138357544, "35c4623e0cd4a39d"),
    "vgg19": (38, 143667240, "4723255af8f6c485"),
    "vgg11_bn": (62, 132868840, "8b6717e727c0ecf9"),
    "vgg13_bn": (76, 133053736, "f6b0597d18a7e4d2"),
    "vgg16_bn": (97, 138365992, "347371586a8ea365"),
    "vgg19_bn": (118, 143678248, "fc3ff6fab2b5cc09"),
    "googlenet_bn": (364, 13004888, "7f541ca29410efb1"),
    "resnet18": (122, 11689512, "84fb10d9c6905a1c"),
    "resnet34": (218, 21797672, "28f9096d51307499"),
    "resnet50": (320, 25557032, "d7e4f8bb0a536344"),
}


def without_memory(build, **arguments):
    with without_random_fills():
        return build(**arguments).to("meta")


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", TORCHVISION)
def test_names_and_shapes_of_the_weights_are_those_of_torchvision(name):
    model = without_memory(MODELS[name].build)
    state = {key: value.shape for key, value in model.state_dict().items()}
    text = "\n".join(f"{key} {shape}" for key, shape in state.items())
    assert (len(state), parameters(model), hashlib.sha256(text.encode()).hexdigest()[:16]) == TORCHVISION[name]


def test_alexnet_has_the_volumes_and_the_parameters_of_the_paper():
    model = without_memory(AlexNet2012)
    assert parameters(model) == 60_965_224
    rows = summary(model, (3, 227, 227)).rows
    sizes = [mg.zeros(row.output, device="meta").numel() for row in rows if row.layer in ("Conv2d", "Linear")]
    assert sizes == [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
    assert 55 * 48 * 96 == 253_440  # what the caption of figure 2 prints for the first


def test_the_dropped_units_and_the_groups_of_alexnet():
    layers = [*without_memory(AlexNet2012).features, *without_memory(AlexNet2012).classifier]
    assert [layer.groups for layer in layers if isinstance(layer, mg.nn.Conv2d)] == [1, 2, 1, 2, 2]
    norms = [layer for layer in layers if isinstance(layer, mg.nn.LocalResponseNorm)]
    # The paper's alpha, 1e-4, is for each channel of the sum; ours is divided by their number.
    assert [(norm.size, norm.alpha / norm.size, norm.beta, norm.k) for norm in norms] == [(5, 1e-4, 0.75, 2.0)] * 2
    assert [layer.p for layer in layers if isinstance(layer, mg.nn.Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize(("depth", "expected"), [(20, 269_722), (32, 464_154), (56, 853_018)])
def test_the_networks_for_cifar_have_the_parameters_of_the_paper(depth, expected):
    assert parameters(without_memory(CifarResNet, depth=depth)) == expected  # 0.27, 0.46 and 0.85 million


def test_googlenet_has_the_volumes_of_the_paper_and_two_heads():
    assert parameters(without_memory(GoogLeNet)) == 6_998_552
    assert parameters(without_memory(GoogLeNet, batch_norm=True)) == 6_624_904
    model = without_memory(GoogLeNet, aux=True)
    assert parameters(model) == 13_378_280
    rows = {row.name: row.output for row in summary(model, (3, 224, 224)).rows}
    # Table 1 of the paper: after each pool.
    wanted = [("maxpool1", (64, 56, 56)), ("maxpool2", (192, 28, 28)), ("maxpool3", (480, 14, 14))]
    wanted += [("maxpool4", (832, 7, 7)), ("avgpool", (1024, 1, 1)), ("fc", (1000,))]
    assert {name: rows[name] for name, _ in wanted} == dict(wanted)
    outputs = model.train()(mg.zeros(2, 3, 224, 224, device="meta"))
    assert [output.shape for output in outputs] == [(2, 1000)] * 3
    assert model.eval()(mg.zeros(2, 3, 224, 224, device="meta")).shape == (2, 1000)


@pytest.mark.parametrize("name", MODELS)
def test_every_network_takes_other_images_and_any_number_of_classes(name):
    channels, height, width = MODELS[name].in_shape
    in_shape = (channels + 1, height + 13, width + 40)
    model = without_memory(MODELS[name].build, in_shape=in_shape, classes=7).eval()
    assert model(mg.zeros(2, *in_shape, device="meta")).shape == (2, 7)


SMALLEST = {"alexnet2012": 67, "alexnet": 63, "vgg11": 32, "vgg19_bn": 32, "googlenet": 31, "resnet20": 4}
SMALLEST |= {"convnetjs_mnist": 6, "convnetjs_cifar10": 8}


@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_image_and_one_that_is_smaller(name):
    side = SMALLEST[name]
    model = without_memory(MODELS[name].build, in_shape=(3, side, side)).eval()
    assert model(mg.zeros(1, 3, side, side, device="meta")).shape[0] == 1
    message = rf"nothing is left of an image \(3, {side - 1}, 99\); it needs at least {side}x{side} pixels"
    with pytest.raises(ShapeError, match=message):
        build_model(name, in_shape=(3, side - 1, 99))


def test_widths_are_multiples_of_four():
    narrow = without_memory(AlexNet2012, width=1 / 16)
    assert [layer.out_channels for layer in narrow.features if isinstance(layer, mg.nn.Conv2d)] == [8, 16, 24, 24, 16]
    wide = without_memory(CifarResNet, width=2.0)
    assert wide.linear.in_features == 128


@pytest.mark.parametrize("width", [0, -1.0, 17])
def test_a_width_out_of_range_is_refused(width):
    with pytest.raises(DataError, match=r"width multiplies the channels and must be in \(0, 16\], got "):
        AlexNet2012(width=width)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: VGG(12), "VGG: depth must be 11, 13, 16 or 19, got 12"),
        (lambda: ResNet(101), "ResNet: depth must be 18, 34 or 50, got 101"),
        (lambda: CifarResNet(21), "CifarResNet: depth must be 6 n \\+ 2, such as 20, 32 or 56, got 21"),
        (lambda: CifarResNet(2), "CifarResNet: depth must be 6 n \\+ 2, such as 20, 32 or 56, got 2"),
    ],
)
def test_a_depth_that_was_never_published_is_refused(build, message):
    with pytest.raises(DataError, match=message):
        build()
