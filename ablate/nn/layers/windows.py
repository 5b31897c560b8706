"""The square windows that convolution and pooling cut out of images."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.lib.stride_tricks import sliding_window_view

from ablate.errors import must
from ablate.nn.arrays import Cache, Floats, batch_last
from ablate.nn.layer import Shape


@dataclass(frozen=True)
class Windows:
    """Windows of ``kernel`` x ``kernel`` pixels, ``stride`` apart, over images framed by ``padding`` pixels."""

    kernel: int
    stride: int
    padding: int

    def out(self, shape: Shape) -> tuple[int, int]:
        """Return how many windows fit below and beside each other: ⌊(size + 2 padding - kernel) / stride⌋ + 1."""
        _, height, width = shape
        return self._fit(height), self._fit(width)

    def _fit(self, size: int) -> int:
        return (size + 2 * self.padding - self.kernel) // self.stride + 1

    def check(self, owner: str) -> None:
        """Raise `UserError` for sizes no window can have."""
        for name, low in (("kernel", 1), ("stride", 1), ("padding", 0)):
            if (value := getattr(self, name)) < low:
                raise must(f"{owner}.{name}", f"be >= {low}", value)

    def check_fits(self, owner: str, shape: Shape) -> None:
        """Raise `UserError` where not even one window fits into images of `shape`."""
        if len(shape) != 3:
            raise must(owner, "follow a layer of images (channels, height, width)", shape)
        if min(self.out(shape)) < 1:
            room = min(shape[1:]) + 2 * self.padding
            raise must(f"{owner}.kernel", f"be <= {room}, the padded size of an image {shape}", self.kernel)

    def exact(self, shape: Shape) -> bool:
        """Return whether the windows tile the images: every pixel in exactly one of them."""
        return not self.padding and self.kernel == self.stride and not any(s % self.kernel for s in shape[1:])

    def framed(self, x: Floats, cache: Cache, *, value: float = 0.0) -> Floats:
        """Return images framed by `padding` pixels of `value`, with the batch last in memory.

        They themselves where nothing has to be moved, else a buffer that is valid until this call ends.
        """
        if not self.padding and batch_last(x).flags.c_contiguous:
            return x
        pad = self.padding
        *front, height, width = x.shape
        out = cache.scratch(f"framed{pad}", (*front, height + 2 * pad, width + 2 * pad))
        if pad:  # the buffer is shared: another layer may have left something else in the frame
            for edge in (out[..., :pad, :], out[..., -pad:, :], out[..., :pad], out[..., -pad:]):
                edge[...] = value
        out[..., pad : pad + height, pad : pad + width] = x
        return out

    def frame_of(self, images: Floats, cache: Cache) -> Floats:
        """Return where to write `images` with their frame: they themselves where there is none."""
        if not self.padding:
            return images
        *front, height, width = images.shape
        return cache.scratch("dframed", (*front, height + 2 * self.padding, width + 2 * self.padding))

    def without_frame(self, framed: Floats, images: Floats) -> Floats:
        """Copy what `frame_of` gave to `images`, without the frame, and return these."""
        if self.padding:
            pad, (height, width) = self.padding, images.shape[3:]
            images[...] = framed[..., pad : pad + height, pad : pad + width]
        return images

    def cut(self, framed: Floats) -> Floats:
        """Return the view of all windows, (blocks, channels, kernel, kernel, rows, columns, batch)."""
        windows = sliding_window_view(batch_last(framed), (self.kernel, self.kernel), axis=(2, 3))
        strided: Floats = windows[:, :, :: self.stride, :: self.stride].transpose(0, 1, 5, 6, 2, 3, 4)
        return strided

    def strips(self, pixels: Floats, *, axis: int, count: int) -> list[Floats]:
        """Return, for each k < kernel, the view of the k-th pixel along `axis` of each of `count` windows."""
        before = (slice(None),) * axis
        reach = self.stride * (count - 1) + 1
        return [pixels[*before, k : k + reach : self.stride] for k in range(self.kernel)]
