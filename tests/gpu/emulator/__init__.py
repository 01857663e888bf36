"""Executes CUDA kernels without a GPU: the LLVM IR that Numba CUDA makes of them, compiled for this machine.

Types, promotions, control flow, shared memory and barriers are those that a GPU would run; what NVIDIA's compilers make
of the IR is not seen here, and `tools/cuda_check.py` compiles it for that. Beyond computing, the emulator notices

- writing outside an array, by guards around every allocation;
- reading outside an array, or shared memory that nobody wrote: both hold NaN, or absurd integers;
- a missing barrier: the threads of a block run one after the other from barrier to barrier, so that the first one reads
  what the others have not written yet; in ascending and in descending order by turns;
- threads of a block that wait at a barrier which others never reach.

It wants LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS=0, set before anything imports llvmlite: it has a process of its own.
"""
