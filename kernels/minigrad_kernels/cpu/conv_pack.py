"""Packing for conv: images widened row by row, weights in panels.

    wide[channel][view][row][column] = source[channel, view_row + row * step_h, view_col + column * step_w], 0 outside the source

A view is one place of the window's columns. In this layout the pixels that one weight meets, over all rows of a result, lie in one
line: the wide image is read at offset + pixel, without a copy for each row of the window (MEC, Cho and Brand 2017).
"""

from minigrad_kernels.cpu.compiler import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES, copy_lanes


@helper
def _pack_row(wide, at, source_row, width, column, step):
    """Write wide[at + j] = source_row[column + j * step] for j < width, 0 outside the row; up to a vector of zeros may follow."""
    if step == 1:
        lanes = VECTOR_BYTES // wide.itemsize
        for j in range(0, width, lanes):
            copy_lanes(wide, at + j, source_row, column + j, -column - j, source_row.size - column - j)
        return
    first = min(max((step - 1 - column) // step, 0), width)
    last = min(max((source_row.size - column + step - 1) // step, first), width)
    wide[at : at + first] = 0
    for j in range(first, last):
        wide[at + j] = source_row[column + j * step]
    wide[at + last : at + width] = 0


@helper
def pack_image(wide, at, plane, source_chw, first_row, rows, width, views, step_h, step_w):
    """Write the wide image of some channels, a plane of memory for each channel and view."""
    channels, height, _ = source_chw.shape
    for c in range(channels):
        for view in range(views.shape[0]):
            place = at
            row = views[view, 0] + first_row * step_h
            for _ in range(rows):
                if 0 <= row < height:
                    _pack_row(wide, place, source_chw[c, row], width, views[view, 1], step_w)
                else:
                    wide[place : place + width] = 0
                place += width
                row += step_h
            at += plane


@helper
def pack_weights(panel, at, weights, first, taps, channels, rows, channel_step, row_step):
    """Write panel[channel][tap][row] = weights[first + row * row_step + channel * channel_step + tap], from at on."""
    for c in range(channels):
        for t in range(taps.size):
            source = first + c * channel_step + taps[t]
            for r in range(rows):
                panel[at + r] = weights[source + r * row_step]
            at += rows
