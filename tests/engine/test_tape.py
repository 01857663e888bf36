import threading

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.ops.matmul import linear_relu


def leaf(*shape):
    values = mg.ones(*shape, dtype=mg.float64, device="reference")
    return values.requires_grad_()


def taped(function, *inputs):
    with mg.Tape() as tape:
        function(*inputs)
    return tape.entries


def test_every_op_is_listed_in_order_with_its_specs():
    multiplied, added = taped(lambda x, y: x * y + y, leaf(2, 3), leaf(2, 3))
    assert (multiplied.name, added.name) == ("mul", "add")
    assert [str(spec) for spec in multiplied.inputs] == ["float64[2, 3]", "float64[2, 3]"]
    assert [str(spec) for spec in added.outputs] == ["float64[2, 3]"]


def test_ops_that_are_not_recorded_are_listed_too():
    with mg.no_grad():
        (entry,) = taped(mg.exp, leaf(3))
    assert entry.number is None
    assert entry.saved_bytes == 0


def test_backward_is_listed_as_the_ops_it_runs():
    x = leaf(3)
    out = mg.exp(x).sum()
    assert [entry.name for entry in taped(out.backward)] == ["fill", "expand", "mul"]


def test_bytes_saved_are_what_the_rules_name():
    x, y = leaf(4), leaf(4)
    assert [entry.saved_bytes for entry in taped(lambda: x + y)] == [0]
    assert [entry.saved_bytes for entry in taped(lambda: x * y)] == [64]
    assert [entry.saved_bytes for entry in taped(lambda: x * y.detach())] == [32]
    assert [entry.saved_bytes for entry in taped(lambda: mg.exp(x))] == [32]


def test_bytes_saved_twice_count_once():
    x = leaf(4)
    assert [entry.saved_bytes for entry in taped(lambda: (x * x, x * x))] == [32, 0]
    assert [entry.saved_bytes for entry in taped(lambda: mg.exp(mg.exp(x)))] == [32, 32]


def test_an_op_with_an_epilogue_is_one_entry_that_saves_what_both_rules_name():
    x, w = leaf(2, 3), leaf(4, 3)
    with mg.Tape() as tape:
        out = linear_relu(mg.exp(x), w, None)
        mg.exp(out)
    first, both, last = tape.entries
    assert (both.name, both.parents, last.parents) == ("linear_relu", (first.number,), (both.number,))
    assert first.saved_bytes + both.saved_bytes == 8 * (6 + 12 + 8)
    assert tape.to_dot().count("->") == 2


def test_flops_of_an_elementwise_op_are_its_elements():
    assert [entry.flops for entry in taped(lambda x: x + x, leaf(2, 3))] == [6]


def test_flops_of_a_sum_are_what_it_reads():
    assert [entry.flops for entry in taped(lambda x: x.sum(0), leaf(2, 3))] == [6]


def test_flops_of_a_matrix_product():
    entries = taped(mg.matmul, leaf(4, 3), leaf(3, 5))
    assert sum(entry.flops for entry in entries) == 2 * 4 * 5 * 3


def test_flops_of_a_convolution():
    entries = taped(lambda x, w: F.conv2d(x, w, groups=2), leaf(2, 4, 5, 5), leaf(6, 2, 3, 3))
    outputs, products = 2 * 6 * 3 * 3, 2 * 3 * 3
    assert sum(entry.flops for entry in entries) == 2 * outputs * products


def test_views_compute_nothing():
    assert [entry.flops for entry in taped(lambda x: x.reshape(3, 2).T, leaf(2, 3))] == [0, 0]


def test_times_are_those_of_a_clock():
    (entry,) = taped(mg.exp, leaf(20))
    assert 0 < entry.seconds < 10


def test_the_table_ends_with_totals():
    x = leaf(2, 3)
    with mg.Tape() as tape:
        (mg.exp(x) * 2.0).sum()
    header, *rows, total = [line.split() for line in str(tape).splitlines()]
    assert header == ["op", "inputs", "outputs", "bytes", "saved", "flops", "microseconds"]
    assert [row[0] for row in rows] == ["exp", "mul", "sum"]
    assert rows[0][1:7] == ["float64[2,", "3]", "float64[2,", "3]", "48", "6"]
    assert total[:3] == ["total", str(48 + sum(entry.saved_bytes for entry in tape.entries[1:])), "18"]


def test_an_empty_tape_prints():
    with mg.Tape() as tape:
        pass
    assert str(tape).splitlines()[-1].split() == ["total", "0", "0", "0"]


def test_the_drawing_has_a_box_for_each_op_and_an_arrow_for_each_use():
    x = leaf(3)
    with mg.Tape() as tape:
        y = mg.exp(x)
        (y * y).sum()
    exp, mul, total = [entry.number for entry in tape.entries]
    assert tape.to_dot().splitlines()[2:] == [
        f'  n{exp} [label="exp\\nfloat64[3]"];',
        f'  n{mul} [label="mul\\nfloat64[3]"];',
        f"  n{exp} -> n{mul};",
        f"  n{exp} -> n{mul};",
        f'  n{total} [label="sum\\nfloat64[]"];',
        f"  n{mul} -> n{total};",
        "}",
    ]


def test_the_drawing_of_a_block_leaves_out_what_ran_before_it():
    before = mg.exp(leaf(3))
    with mg.Tape() as tape:
        before.sum()
    assert "->" not in tape.to_dot()


def test_tapes_nest():
    x = leaf(3)
    with mg.Tape() as outer:
        mg.exp(x)
        with mg.Tape() as inner:
            mg.log(x)
        mg.sqrt(x)
    assert [entry.name for entry in outer.entries] == ["exp", "log", "sqrt"]
    assert [entry.name for entry in inner.entries] == ["log"]


def test_a_tape_may_be_used_again():
    x = leaf(3)
    tape = mg.Tape()
    with tape:
        mg.exp(x)
    with tape:
        mg.log(x)
    assert [entry.name for entry in tape.entries] == ["log"]


def test_a_tape_hears_its_own_thread_alone():
    x = leaf(3)
    with mg.Tape() as tape:
        thread = threading.Thread(target=lambda: mg.exp(x))
        thread.start()
        thread.join()
    assert tape.entries == []
