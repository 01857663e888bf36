"""A kernel as machine code of this machine, from the LLVM IR that Numba CUDA makes of it."""

import ctypes
import functools
import re
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np
from greenlet import getcurrent
from numba.cuda.compiler import _compile_pyfunc_with_fixup

from tools.cuda_check import fake_device

COMPUTE_CAPABILITY = (8, 0)
REGISTERS = [f"{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"]
ELEMENT_BYTES = {"float": 4, "double": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8}

registers = np.zeros(len(REGISTERS), np.int32)
"""What the kernel reads as its thread's and its block's numbers and sizes."""


class Shared(NamedTuple):
    """An array in shared memory."""

    address: int
    nbytes: int


class Native(NamedTuple):
    """The function of one thread, or of a whole block where threads have nothing to do with each other."""

    engine: object
    address: int
    shared: tuple[Shared, ...]
    does_whole_block: bool


def _wait_at_barrier():
    """Runs in a thread's greenlet: gives the others their turn until all have arrived."""
    thread = getcurrent()
    thread.is_waiting = True
    thread.parent.switch()


_barrier = ctypes.PYFUNCTYPE(None)(_wait_at_barrier)

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
llvm.add_symbol("emulator_registers", registers.ctypes.data)
llvm.add_symbol("emulator_barrier", ctypes.cast(_barrier, ctypes.c_void_p).value)
_mathematics = ctypes.CDLL("libm.so.6")


def _register(number):
    return f"getelementptr ([{len(REGISTERS)} x i32], ptr @emulator_registers, i32 0, i32 {number})"


DECLARATIONS = f"@emulator_registers = external global [{len(REGISTERS)} x i32]\ndeclare void @emulator_barrier()\n"
READ_REGISTERS = "".join(
    f'define i32 @"emulator_{name}"() {{\n  %v = load volatile i32, ptr {_register(number)}\n  ret i32 %v\n}}\n'
    for number, name in enumerate(REGISTERS)
)
WHOLE_BLOCK = """
declare void @"{name}"({types})
define void @emulator_block({parameters}) {{
start:
  %nx = load i32, ptr {nx}
  %ny = load i32, ptr {ny}
  %nz = load i32, ptr {nz}
  br label %thread
thread:
  %x = phi i32 [0, %start], [%next_x, %thread]
  %y = phi i32 [0, %start], [%next_y, %thread]
  %z = phi i32 [0, %start], [%next_z, %thread]
  store volatile i32 %x, ptr {x}
  store volatile i32 %y, ptr {y}
  store volatile i32 %z, ptr {z}
  call void @"{name}"({parameters})
  %x1 = add i32 %x, 1
  %row_done = icmp eq i32 %x1, %nx
  %next_x = select i1 %row_done, i32 0, i32 %x1
  %carry_y = zext i1 %row_done to i32
  %y1 = add i32 %y, %carry_y
  %plane_done = icmp eq i32 %y1, %ny
  %next_y = select i1 %plane_done, i32 0, i32 %y1
  %carry_z = zext i1 %plane_done to i32
  %next_z = add i32 %z, %carry_z
  %done = icmp eq i32 %next_z, %nz
  br i1 %done, label %end, label %thread
end:
  ret void
}}
"""


def host_ir(ir):
    """Numba CUDA's IR with a host's registers and barrier, and shared memory that is a global array."""
    ir = re.sub(r'target (triple|datalayout) = ".*"\n', "", ir)
    ir = re.sub(r'@"llvm\.nvvm\.read\.ptx\.sreg\.([a-z.]+)"', r'@"emulator_\1"', ir)
    ir = ir.replace('@"llvm.nvvm.barrier0"', "@emulator_barrier")
    ir = re.sub(r'^@"llvm.used".*$|^!nvvm.*$|^!\d+ = !\{ ptr .*$', "", ir, flags=re.M)
    ir = ir.replace("addrspace(3)", "")
    ir = re.sub(r"addrspacecast ptr\s+(\S+) to ptr", r"bitcast ptr \1 to ptr", ir)
    ir = re.sub(r'^(@"_cudapy_smem_\d+" =\s+)global (\[.*\]) undef', r"\1global \2 zeroinitializer", ir, flags=re.M)
    if match := re.search(r'asm\s+(?:sideeffect\s+)?"[^"]*"', ir):
        raise NotImplementedError(f"no emulation of {match.group()}")
    return ir


def _add_mathematics(ir):
    """Let functions of NVIDIA's library of mathematics be those of this machine's."""
    for name in set(re.findall(r'@"?__nv_(\w+)"?', ir)):
        function = getattr(_mathematics, name, None)
        if function is None:
            raise NotImplementedError(f"no emulation of __nv_{name}")
        llvm.add_symbol(f"__nv_{name}", ctypes.cast(function, ctypes.c_void_p).value)


@functools.cache
def compile_native(function, signature):
    """Compile a kernel's function for arguments of these types."""
    with fake_device(COMPUTE_CAPABILITY):
        library, _ = _compile_pyfunc_with_fixup(
            function, signature, device=False, cc=COMPUTE_CAPABILITY, opt=True, abi="numba"
        )
    sources = [host_ir(ir) for ir in library.llvm_strs]
    does_whole_block = not any("@emulator_barrier" in ir or "_cudapy_smem_" in ir for ir in sources)
    module = llvm.parse_assembly(DECLARATIONS + READ_REGISTERS)
    for ir in sources:
        _add_mathematics(ir)
        module.link_in(llvm.parse_assembly(ir))
    name = library._entry_name
    if does_whole_block:
        module.link_in(llvm.parse_assembly(_whole_block(module.get_function(name))))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(2))
    passes.getModulePassManager().run(module, passes)
    shared = re.findall(r'^@"(_cudapy_smem_\d+)" =\s+global \[(\d+) x (\w+)\]', "\n".join(sources), flags=re.M)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    arrays = tuple(
        Shared(engine.get_global_value_address(array), int(count) * ELEMENT_BYTES[element])
        for array, count, element in shared
    )
    address = engine.get_function_address("emulator_block" if does_whole_block else name)
    return Native(engine, address, arrays, does_whole_block)


def _whole_block(function):
    types = [str(argument.type) for argument in function.arguments]
    places = {axis: _register(number) for number, axis in enumerate(("x", "y", "z", "nx", "ny", "nz"))}
    parameters = ", ".join(f"{type_} %a{i}" for i, type_ in enumerate(types))
    body = WHOLE_BLOCK.format(name=function.name, types=", ".join(types), parameters=parameters, **places)
    return DECLARATIONS.splitlines()[0] + body
