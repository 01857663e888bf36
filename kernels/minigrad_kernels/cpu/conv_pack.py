"""Packing for conv: images widened row by row, weights in panels.

    wide[channel][view][row][column] = source[channel, top + row * step_h, left + column * step_w], 0 outside it

A view (top, left) is one column of the window. In this layout the pixels that one weight meets, over all rows of a
result, lie in one line: the wide image is read at offset + pixel, without a copy for each row of the window (the
memory-efficient convolution of Cho and Brand, 2017). Rows of stride 1, 2 and 4 are copied by vectors.
"""

from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES, copy_lanes


@helper
def _pack_strip(wide, at, width, source, source_at, row_size, rows, column, columns, step):
    """Write a vector for each row: wide[at + y * width + lane] = source[source_at + y * row_size + lane * step].

    source_at is the place of a column; lanes outside the columns 0 ... columns - 1 are zero.
    """
    for y in range(rows):
        place, first = at + y * width, source_at + y * row_size
        if step == 1:
            copy_lanes(wide, place, source, first, -column, columns - column, 1)
        elif step == 2:
            copy_lanes(wide, place, source, first, -column, columns - column, 2)
        elif step == 4:
            copy_lanes(wide, place, source, first, -column, columns - column, 4)
        else:
            for lane in range(VECTOR_BYTES // wide.itemsize):
                inside = 0 <= column + lane * step < columns
                wide[place + lane] = source[first + lane * step] if inside else 0


@helper
def pack_image(
    wide, plane, source, source_at, channels, height, columns, first_row, rows, width, views, step_h, step_w
):
    """Write the wide image of some channels, a plane of memory for each channel and view.

    The last vector of a row runs into the next: strips go from right to left, rows forward, so that it is set right.
    """
    lanes = VECTOR_BYTES // wide.itemsize
    for view in range(views.shape[0]):
        top, left = views[view, 0] + first_row * step_h, views[view, 1]
        begin = min(max((step_h - 1 - top) // step_h, 0), rows)
        end = min(max((height - top + step_h - 1) // step_h, begin), rows)
        for c in range(channels):
            place = (c * views.shape[0] + view) * plane
            first = source_at + (c * height + top + begin * step_h) * columns + left
            wide[place : place + begin * width] = 0
            for j in range((width - 1) // lanes * lanes, -1, -lanes):
                _pack_strip(wide, place + begin * width + j, width, source, first + j * step_w, step_h * columns,
                            end - begin, left + j * step_w, columns, step_w)  # fmt: skip
            wide[place + end * width : place + rows * width] = 0


@helper
def pack_weights(panel, at, weights, first, taps, channels, rows, channel_step, row_step):
    """Write panel[channel][tap][row] = weights[first + row * row_step + channel * channel_step + tap], from at on."""
    for c in range(channels):
        for r in range(rows):
            source = first + c * channel_step + r * row_step
            for t in range(taps.size):
                panel[at + t * rows + r] = weights[source + taps[t]]
        at += taps.size * rows
