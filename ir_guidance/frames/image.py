# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Single images: PNG, JPEG, BMP, TIFF (whose pages are a run), grey or colour, 8 or 16 bit."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ir_guidance.frames.labels import Labels, find_labels
from ir_guidance.frames.recording import Recording, Shot, check_size
from ir_guidance.frames.source import SourceError
from ir_guidance.values import Pixels

COLOUR_MODES = ("1", "P", "PA", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


def read_image(path: Path) -> Recording:
    """Read one image, with what a ``labels.json`` beside it or one folder up says of it.

    Raises:
        SourceError: It is not an image, or is too large.
    """
    with _opened(path) as image:
        pages = int(getattr(image, "n_frames", 1))
    labels = find_labels(path.parent)
    modality = labels.modality if labels and path.resolve() in labels.hints else None
    return Recording(
        description=f"{path.name}: {'image' if pages == 1 else f'{pages} images'}",
        shots=partial(image_shots, path, path.name, labels),
        modality=modality,
        count=pages,
        stills=pages == 1,
    )


def image_shots(path: Path, name: str, labels: Labels | None) -> Iterator[Shot]:
    """Yield the image, or its pages, with what ``labels`` knows; ``name`` is how to call it."""
    hint = labels.hints.get(path.resolve()) if labels else None
    with _opened(path) as image:
        for page in range(int(getattr(image, "n_frames", 1))):
            with _quietly():
                image.seek(page)
                check_size(str(path), *image.size)
                pixels = _grey(path, image)
            yield Shot(
                pixels=pixels,
                file=name,
                spacing_m=hint.spacing_m if hint else None,
                roi=hint.roi if hint else None,
                starts=page == 0,
            )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Pillow's warnings off stderr, but for an image too large, which becomes an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open without decoding; whatever then goes wrong in the file is one SourceError."""
    try:
        with _quietly():
            image = Image.open(path)
        with image:
            check_size(str(path), *image.size)
            yield image
    except SourceError:
        raise
    except UnidentifiedImageError:
        raise SourceError(f"{path}: not a readable image; export it as PNG") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise SourceError(f"{path}: image too large; crop or scale it") from None
    except (OSError, SyntaxError, EOFError, ValueError, struct.error) as error:
        what = " ".join(str(error).split())
        raise SourceError(
            f"{path}: corrupt or truncated image ({what}); copy or export it again"
        ) from None


def _grey(path: Path, image: Image.Image) -> Pixels:
    """Return (rows, columns) at the image's own depth; colour becomes luma."""
    if image.mode in COLOUR_MODES:
        return np.asarray(image.convert("L"))
    pixels = np.asarray(image)
    if image.mode == "L":
        return pixels
    if image.mode.startswith("I") and pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint16).max:
        return pixels.astype(np.uint16)
    raise SourceError(f"{path}: pixels of mode {image.mode}; export it as 8- or 16-bit grey PNG")
