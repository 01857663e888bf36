"""Kernels with one defect each, and the same kernels without it."""

from minigrad_kernels.cuda.compiler import Kernel
from minigrad_kernels.cuda.language import cuda, first_index, float32, uint32

BLOCK = 64


def kernel(*words, block=BLOCK):
    """Like the decorator, without an entry in the register."""
    return lambda function: Kernel(function, words, block, ("float32",), False)


@kernel("out T1", "in T1", "uint")
def copy(out, x, size):
    i = first_index()
    if i < size:
        out[i] = x[i]


@kernel("out T1", "in T1", "uint")
def copy_without_a_bound(out, x, size):
    i = first_index()
    out[i] = x[min(i, size - uint32(1))]


@kernel("out T1", "in T1", "uint")
def copy_of_the_next(out, x, size):
    i = first_index()
    if i < size:
        out[i] = x[i + uint32(1)]


@kernel("out T1", "in T1", "uint")
def reverse(out, x, size):
    """Within a block, by way of shared memory."""
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    held[thread] = x[thread]
    cuda.syncthreads()
    out[thread] = held[uint32(BLOCK - 1) - thread]


@kernel("out T1", "in T1", "uint")
def reverse_without_a_barrier(out, x, size):
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    held[thread] = x[thread]
    out[thread] = held[uint32(BLOCK - 1) - thread]


@kernel("out T1", "in T1", "uint")
def shift_without_a_barrier(out, x, size):
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    held[thread] = x[thread]
    out[thread] = held[max(thread, uint32(1)) - uint32(1)]


@kernel("out T1", "in T1", "uint")
def reverse_of_what_was_not_written(out, x, size):
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    if thread > 0:
        held[thread] = x[thread]
    cuda.syncthreads()
    out[thread] = held[uint32(BLOCK - 1) - thread]


@kernel("out T1", "in T1", "uint")
def reverse_with_a_barrier_for_some(out, x, size):
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    held[thread] = x[thread]
    if thread < 32:
        cuda.syncthreads()
    out[thread] = held[uint32(BLOCK - 1) - thread]


@kernel("out T1", "in T1", "uint")
def rotate_twice(out, x, size):
    """Two rounds through the same shared memory: what the first reads must be read before the second writes."""
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    value = x[thread]
    for _ in range(2):
        held[thread] = value
        cuda.syncthreads()
        value = held[(thread + uint32(1)) % uint32(BLOCK)]
        cuda.syncthreads()
    out[thread] = value


@kernel("out T1", "in T1", "uint")
def rotate_twice_without_the_second_barrier(out, x, size):
    held = cuda.shared.array(BLOCK, float32)
    thread = uint32(cuda.threadIdx.x)
    value = x[thread]
    for _ in range(2):
        held[thread] = value
        cuda.syncthreads()
        value = held[(thread + uint32(1)) % uint32(BLOCK)]
    out[thread] = value


@kernel("out T1", "in T1", "uint")
def scale_in_double(out, x, size):
    i = first_index()
    if i < size:
        out[i] = x[i] * 0.1


@kernel("out T1", "in T1", "uint")
def share_too_much(out, x, size):
    held = cuda.shared.array(16_384, float32)
    thread = uint32(cuda.threadIdx.x)
    held[thread * uint32(100)] = x[thread]
    cuda.syncthreads()
    out[thread] = held[(thread + uint32(1)) % uint32(BLOCK) * uint32(100)]


@kernel("out T1", "in T1", "uint", block=1024)
def hold_too_much(out, x, size):
    """A tile of 12 x 12 sums, of which 1024 threads have 64 registers each to hold them in."""
    sums = cuda.local.array((12, 12), float32)
    for i in range(12):
        for j in range(12):
            sums[i, j] = float32(0)
    for k in range(size):
        for i in range(12):
            for j in range(12):
                sums[i, j] += x[k * uint32(24) + uint32(i)] * x[k * uint32(24) + uint32(12 + j)]
    for i in range(12):
        for j in range(12):
            out[i * 12 + j] = sums[i, j]


@kernel("out T1", "in T1", "uint")
def keep_in_local_memory(out, x, size):
    """An array that is indexed by what is only known at run time has no place in registers."""
    held = cuda.local.array(16, float32)
    for k in range(16):
        held[k] = x[k]
    for i in range(size):
        out[i] = held[uint32(x[i]) % uint32(16)]
        held[uint32(x[i]) % uint32(13)] = out[i]
