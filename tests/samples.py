# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Files of every format, made on the spot; the content of a frame encodes its index."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid

WIDTH, HEIGHT = 64, 48


class Samples:
    """Writes files into one folder and returns their paths."""

    def __init__(self, folder: Path) -> None:
        """Write into this folder."""
        self.folder = folder

    @staticmethod
    def image(index: int, dtype: Any = np.uint8) -> NDArray[Any]:
        """Return 48 rows of 64: grey 20 (index + 1), with a bright mark at the upper left."""
        image = np.full((HEIGHT, WIDTH), 20 * (index + 1), dtype=dtype)
        image[:8, :12] = np.iinfo(dtype).max
        return image

    @staticmethod
    def index(pixels: NDArray[Any]) -> int:
        """Return which image this is, a crop or a lossy copy included."""
        return round(float(np.median(pixels)) / 20) - 1

    @staticmethod
    def region(**tags: Any) -> Dataset:
        """Return an ultrasound region: left 4, top 6, 40 wide, 32 high, 0.2 mm a pixel."""
        item = Dataset()
        item.RegionSpatialFormat = 1
        item.RegionDataType = 1
        item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
        item.PhysicalDeltaX = item.PhysicalDeltaY = 0.02
        item.RegionLocationMinX0, item.RegionLocationMinY0 = 4, 6
        item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 43, 37
        for key, value in tags.items():
            setattr(item, key, value)
        return item

    def mha(
        self,
        name: str = "run.igs.mha",
        images: Sequence[NDArray[Any]] | None = None,
        *,
        compressed: bool = False,
        keys: dict[str, str] | None = None,
        fields: Sequence[dict[str, str]] = (),
    ) -> Path:
        """Write a MetaImage sequence the way PLUS does; keys override the header's."""
        images = [self.image(i) for i in range(5)] if images is None else images
        data = b"".join(image.tobytes() for image in images)
        data = zlib.compress(data) if compressed else data
        rows, columns = images[0].shape
        header = {
            "ObjectType": "Image",
            "NDims": "3",
            "BinaryData": "True",
            "CompressedData": str(compressed),
            "DimSize": f"{columns} {rows} {len(images)}",
            "ElementSpacing": "1 1 1",
            "ElementType": "MET_UCHAR" if images[0].itemsize == 1 else "MET_USHORT",
        }
        if compressed:
            header["CompressedDataSize"] = str(len(data))
        header |= keys or {}
        for index, frame in enumerate(fields):
            header |= {f"Seq_Frame{index:04d}_{key}": value for key, value in frame.items()}
        beside = header.pop("ElementDataFile", "LOCAL")
        header["ElementDataFile"] = beside
        text = "".join(f"{key} = {value}\n" for key, value in header.items())
        path = self.folder / name
        path.write_bytes(text.encode() + (data if beside == "LOCAL" else b""))
        if beside != "LOCAL":
            (self.folder / beside).write_bytes(data)
        return path

    def dicom(self, name: str = "run.dcm", images: NDArray[Any] | None = None, **tags: Any) -> Path:
        """Write a multi-frame XA file; tags override, and None leaves one out."""
        images = np.stack([self.image(i) for i in range(5)]) if images is None else images
        header = Dataset()
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.SOPClassUID = XRayAngiographicImageStorage
        header.SOPInstanceUID = generate_uid()
        header.Modality = "XA"
        colours = 3 if images.ndim == 4 else 1
        header.set_pixel_data(
            images,
            tags.pop("PhotometricInterpretation", "RGB" if colours == 3 else "MONOCHROME2"),
            tags.pop("BitsStored", 8 * images.itemsize),
        )
        for key, value in tags.items():
            if value is not None:
                setattr(header, key, value)
            elif key in header:
                delattr(header, key)
        path = self.folder / name
        header.save_as(path, enforce_file_format=True)
        return path

    def png(self, name: str = "image.png", image: NDArray[Any] | None = None) -> Path:
        """Write a single image, of the kind of its suffix."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), self.image(0) if image is None else image)
        return path

    def mp4(self, name: str = "run.mp4", count: int = 5, rate_hz: float = 12.5) -> Path:
        """Write a video."""
        path = self.folder / name
        codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
        writer = cv2.VideoWriter(str(path), codec, rate_hz, (WIDTH, HEIGHT))
        assert writer.isOpened()
        for index in range(count):
            writer.write(cv2.cvtColor(self.image(index), cv2.COLOR_GRAY2BGR))
        writer.release()
        return path

    def text(self, name: str, content: str | bytes = "these are words\n") -> Path:
        """Write anything."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def cut(self, path: Path, share: float = 0.6) -> Path:
        """Cut the end off a file."""
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path
