"""A person's own images, good, odd and broken."""

import io
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from minigrad.data import DataLoader, ImageFolder, split
from minigrad.data.folder import read_image
from minigrad.errors import DataError
from tests.data.copies import corruptions


def picture(height, width, mode="RGB"):
    """A smooth image, other values in every channel."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return Image.fromarray((3 * y + 2 * x + 40 * c).astype(np.uint8)).convert(mode)


@pytest.fixture
def folder(tmp_path):
    for name, count in (("zebra", 3), ("ant", 2)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for number in range(count):
            picture(8, 8 + number).save(tmp_path / name / f"{9 - number}.png")
    picture(9, 9).save(tmp_path / "ant" / "deep" / "last.JPG")
    (tmp_path / "ant" / "notes.txt").write_text("no image")
    (tmp_path / "ant" / ".hidden.png").write_text("no image")
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.png").write_text("no class")
    return tmp_path


def test_every_folder_is_a_class(folder):
    dataset = ImageFolder(folder, size=8)
    assert dataset.classes == ("ant", "zebra")
    assert [str(path.relative_to(folder)) for path in dataset.paths] == [
        *("ant/8.png", "ant/9.png", "ant/deep/last.JPG"),
        *("zebra/7.png", "zebra/8.png", "zebra/9.png"),
    ]
    assert dataset.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert repr(dataset) == "ImageFolder(6 images of 2 classes)"


def test_classes_and_images_are_sorted(tmp_path):
    names = [chr(number) for number in range(ord("z"), ord("a"), -2)]
    for name in names:
        (tmp_path / name).mkdir()
        for number in names:
            (tmp_path / name / f"{number}.png").touch()
    dataset = ImageFolder(tmp_path, size=8)
    assert dataset.classes == tuple(sorted(names))
    assert dataset.paths == sorted(dataset.paths)


def test_images_are_indexed_like_arrays(folder):
    dataset = ImageFolder(folder, size=8)
    image, label = dataset[-1]
    assert (image.shape, image.dtype, label) == ((3, 8, 8), np.float32, 1)
    assert np.array_equal(image, np.asarray(picture(8, 8), np.float32).transpose(2, 0, 1) / np.float32(255))
    images, labels = dataset[[5, 0]]
    assert np.array_equal(images, [dataset[5][0], dataset[0][0]])
    assert labels.tolist() == [1, 0]
    assert np.array_equal(dataset[2:4][0], [dataset[2][0], dataset[3][0]])
    assert dataset[dataset.targets == 1][0].shape == (3, 3, 8, 8)
    with pytest.raises(IndexError):
        dataset[6]


def test_images_are_read_when_they_are_asked_for(folder):
    (folder / "zebra" / "8.png").write_bytes(b"broken")
    first, second = split(ImageFolder(folder, size=4, channels=1), [4, 2], seed=0)
    numbers = np.concatenate([first.indices, second.indices])
    assert sorted(numbers) == list(range(6))
    good, bad = (first, second) if 4 in second.indices else (second, first)
    assert next(iter(DataLoader(good, batch_size=None)))[0].shape == (len(good), 1, 4, 4)
    with pytest.raises(DataError, match=r"zebra/8.png: no image that can be read \(cannot identify image file"):
        next(iter(DataLoader(bad, batch_size=None, num_workers=1)))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (20, 8), (8, 20), (40, 16), (16, 40), (4, 10)])
def test_the_shorter_side_is_scaled_and_the_middle_kept(tmp_path, height, width):
    image = picture(height, width)
    image.save(tmp_path / "image.png")
    whole = image.resize((8 * width // min(height, width), 8 * height // min(height, width)), Image.Resampling.BILINEAR)
    top, left = (whole.height - 8) // 2, (whole.width - 8) // 2
    expected = np.asarray(whole, np.float32)[top : top + 8, left : left + 8].transpose(2, 0, 1) / 255
    assert np.allclose(read_image(tmp_path / "image.png", 8), expected)


def test_sides_need_not_fit(tmp_path):
    picture(5, 8).save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", 7).shape == (3, 7, 7)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK"])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_mode_become_grey_or_coloured(tmp_path, mode, channels):
    original = picture(8, 8).convert("L" if mode == "LA" else "RGB").convert(mode)
    original.save(tmp_path / ("image.tif" if mode == "CMYK" else "image.png"))
    (path,) = tmp_path.iterdir()
    expected = np.asarray(original.convert("L" if channels == 1 else "RGB"), np.float32).reshape(8, 8, channels) / 255
    assert np.allclose(read_image(path, 8, channels), expected.transpose(2, 0, 1))


def test_sixteen_bits_are_scaled(tmp_path):
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "image.png")
    assert np.allclose(read_image(tmp_path / "image.png", 8, 1)[0], values / 65535, atol=1 / 255)


def test_values_without_a_range_are_refused(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.float32)).save(tmp_path / "image.tif")
    with pytest.raises(DataError, match="values of mode F have no fixed range"):
        read_image(tmp_path / "image.tif", 8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(tmp_path, orientation):
    # Where row 0 and column 0 of what is stored belong, by the EXIF standard: value 6 is a quarter turn clockwise.
    upright = {
        1: lambda stored: stored,
        2: lambda stored: stored[:, ::-1],
        3: lambda stored: stored[::-1, ::-1],
        4: lambda stored: stored[::-1],
        5: lambda stored: stored.T,
        6: lambda stored: np.rot90(stored, -1),
        7: lambda stored: stored.T[::-1, ::-1],
        8: lambda stored: np.rot90(stored),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture(8, 8, "L")
    image.save(tmp_path / "image.png", exif=exif)
    expected = upright[orientation](np.asarray(image, np.float32)) / 255
    assert np.allclose(read_image(tmp_path / "image.png", 8, 1)[0], expected)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    Image.new("1", (5000, 5000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 10_000
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 13_000_000)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"bomb.png: no image that can be read .*exceeds limit of 13000000 pixels"):
        read_image(tmp_path / "bomb.png", 8)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_pillows_warning_is_our_error(tmp_path, monkeypatch):
    Image.new("1", (5000, 4000)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 19_999_999)
    with pytest.raises(DataError, match=r"5,000 x 4,000 pixels, more than PIL.Image.MAX_IMAGE_PIXELS = 19,999,999"):
        read_image(tmp_path / "bomb.png", 8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_image(tmp_path / "bomb.png", 8).max() == 0


def test_a_strip_takes_no_memory(tmp_path):
    Image.new("L", (1_000_000, 1), 255).save(tmp_path / "strip.png")
    assert read_image(tmp_path / "strip.png", 64, 1).min() == 1


def test_nothing_but_images_is_opened(tmp_path):
    (tmp_path / "page.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n")
    with pytest.raises(DataError, match="cannot identify image file"):  # Pillow would run Ghostscript on it
        read_image(tmp_path / "page.png", 8)


@settings(max_examples=200)
@given(data=st.data(), form=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP"]))
@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it mends
def test_a_corrupt_image_is_an_image_or_refused(data, form, tmp_path_factory):
    buffer = io.BytesIO()
    picture(9, 7).save(buffer, form)
    path = tmp_path_factory.getbasetemp() / "corrupt.png"
    path.write_bytes(data.draw(corruptions(buffer.getvalue())))
    try:
        image = read_image(path, 4)
    except DataError:
        return
    assert image.shape == (3, 4, 4)
    assert image.min() >= 0
    assert image.max() <= 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "nothing is no folder"),
        (lambda root: root.mkdir(), "must hold a folder of images for every class, and holds no folder"),
        (lambda root: (root / "empty").mkdir(parents=True), "empty holds no image; they end in .bmp"),
    ],
)
def test_a_folder_that_is_no_data_set_is_refused(tmp_path, make, message):
    make(tmp_path / "nothing")
    with pytest.raises(DataError, match=message):
        ImageFolder(tmp_path / "nothing", size=8)


def test_bad_options_are_refused(folder):
    with pytest.raises(DataError, match=r"size must be an integer in \[1, 4096\], got 0"):
        ImageFolder(folder, size=0)
    with pytest.raises(DataError, match="channels must be 1 or 3, got 4"):
        ImageFolder(folder, size=8, channels=4)


def test_without_pillow_the_extra_is_named(folder):
    code = (
        f"import sys; sys.modules['PIL'] = None; from minigrad.data import ImageFolder; ImageFolder({str(folder)!r}, 8)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1] == (
        "minigrad.errors.MinigradError: images are read by Pillow; install it: pip install './minigrad[images]'"
    )
