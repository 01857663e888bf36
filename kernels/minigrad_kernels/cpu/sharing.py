"""How threads share the tasks of a kernel, all of it in compiled code: nobody needs the GIL to take part.

A kernel that is asked to share offers itself to the team, in memory that the team's threads watch. The tasks are cut
into one contiguous part for each thread, which takes pieces of it from the front. A thread that is done with its own
part goes on with the others', so nobody waits for a thread that sleeps, and uneven tasks even out.

Of a team's state each word has a cache line of its own, which other threads' writing would take away:

    EPOCH    counts the offers
    GATE     0 while there is none; else 1 + the number of threads that take part in it
    OWNER    1 while some thread's kernel uses the team
    CALLED   counts the requests to leave the compiled code
    FAILED   1 if a task ended with an exception
    OFFER    what is offered: function, context, tasks, parts, piece
    PARTS    for each part, its next task
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minigrad_kernels.cpu.atomics import INT32, INT64, add, load, pause, replace, store, yield_core
from minigrad_kernels.cpu.helper import helper

LINE = 64
EPOCH, GATE, OWNER, CALLED, FAILED, OFFER, PARTS = range(0, 7 * LINE, LINE)
MOST_PARTS = 256
STATE_BYTES = PARTS + MOST_PARTS * LINE

# How often a thread looks for something to happen before it lets another one have its core.
PATIENCE = 1000

# A kernel's arguments in the machine: where its result and its exception go, begin, end, worker, team, parts, piece.
_RESULTS, _RANGE, _SHARING = 2, 3, 3
_SHARE = ir.FunctionType(INT32, [INT64] * 4)


@intrinsic
def own_share(typingctx):
    """Return the address of a function (context, begin, end, worker) -> status, and the context: the kernel itself.

    To be called in a kernel: the function calls it with the same arguments, on those tasks and without a team.
    """

    def codegen(context, builder, signature, values):
        kernel = builder.function
        arguments = kernel.args[_RESULTS + _RANGE + _SHARING :]
        kept = ir.LiteralStructType([argument.type for argument in arguments])
        with builder.goto_entry_block():
            memory = builder.alloca(kept)
        for i, argument in enumerate(arguments):
            builder.store(argument, cgutils.gep_inbounds(builder, memory, 0, i))
        share = _share_of(kernel, kept)
        addresses = [builder.ptrtoint(pointer, INT64) for pointer in (share, memory)]
        return context.make_tuple(builder, signature.return_type, addresses)

    return types.UniTuple(types.int64, 2)(), codegen


def _share_of(kernel, kept):
    """The function that calls the kernel with arguments from memory."""
    share = ir.Function(kernel.module, _SHARE, name=f"{kernel.name}.share")
    share.linkage = "internal"
    builder = ir.IRBuilder(share.append_basic_block())
    memory = builder.inttoptr(share.args[0], kept.as_pointer())
    results = [builder.alloca(pointer.pointee) for pointer in (argument.type for argument in kernel.args[:_RESULTS])]
    arguments = [
        builder.load(cgutils.gep_inbounds(builder, memory, 0, i), typ=element)
        for i, element in enumerate(kept.elements)
    ]
    alone = [ir.Constant(INT64, 0)] * _SHARING
    builder.ret(builder.call(kernel, [*results, *share.args[1:], *alone, *arguments]))
    return share


@intrinsic
def _call(typingctx, function, memory, begin, end, worker):
    """Do tasks of a share; return 0, or 1 after an exception."""

    def codegen(context, builder, signature, values):
        share = builder.inttoptr(values[0], _SHARE.as_pointer())
        status = builder.call(share, values[1:])
        # Numba's kernels return -2 for None, and -1 or more than 0 for an exception.
        is_error = builder.or_(
            builder.icmp_signed("==", status, ir.Constant(INT32, -1)),
            builder.icmp_signed(">", status, ir.Constant(INT32, 0)),
        )
        return builder.zext(is_error, INT64)

    return types.int64(*[types.int64] * 5), codegen


@helper
def _take_part(team, worker):
    """Do pieces of the parts, one's own part first, until nothing is left."""
    offer = team + OFFER
    function, memory, tasks, parts, piece = (
        load(offer), load(offer + 8), load(offer + 16), load(offer + 24), load(offer + 32),
    )  # fmt: skip
    for i in range(parts):
        part = (worker + i) % parts
        next_task, part_end = team + PARTS + part * LINE, tasks * (part + 1) // parts
        begin = add(next_task, piece)
        while begin < part_end:
            if _call(function, memory, begin, min(begin + piece, part_end), worker):
                store(team + FAILED, 1)
            begin = add(next_task, piece)


@helper
def offer_tasks(team, tasks, parts, piece, share):
    """Do all tasks of a share together with the team, or alone if the team is at work; return whether none failed."""
    if not replace(team + OWNER, 0, 1):
        return _call(share[0], share[1], 0, tasks, 0) == 0
    store(team + FAILED, 0)
    for i, value in enumerate((share[0], share[1], tasks, parts, piece)):
        store(team + OFFER + 8 * i, value)
    for part in range(parts):
        store(team + PARTS + part * LINE, tasks * part // parts)
    add(team + EPOCH, 1)
    store(team + GATE, 1)
    _take_part(team, 0)
    add(team + GATE, -1)
    looks = 0
    while load(team + GATE) > 0:
        pause()
        looks += 1
        if looks % PATIENCE == 0:
            yield_core()
    done = load(team + FAILED) == 0
    store(team + OWNER, 0)
    return done


@helper
def watch(team, worker, looks):
    """Take part in what is offered to the team, until it was looked for so many times in vain or somebody calls."""
    called, epoch, left = load(team + CALLED), load(team + EPOCH), looks
    seen = epoch if load(team + GATE) == 0 else epoch - 1
    while left > 0 and load(team + CALLED) == called:
        epoch, joined = load(team + EPOCH), load(team + GATE)
        if epoch != seen and joined > 0 and replace(team + GATE, joined, joined + 1):
            # The gate may have closed and opened since: the offer is the one that is open now.
            seen = load(team + EPOCH)
            if worker < load(team + OFFER + 24):
                _take_part(team, worker)
            add(team + GATE, -1)
            left = looks
        else:
            pause()
            left -= 1
            if left % PATIENCE == 0:
                yield_core()
