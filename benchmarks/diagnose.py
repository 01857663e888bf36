"""Whether diagnoses are right: trainings with planted faults, and healthy ones, are diagnosed live and afterwards.

    python benchmarks/diagnose.py
    python benchmarks/diagnose.py third --data-dir FOLDER --write

The rules were fixed on the development pairs of networks and data, with seeds from 0. Others were held out, with seeds
from 1000, 2000 and 3000; each was judged once. FOLDER has a copy of MNIST in a folder mnist..., and one of CIFAR-10 in
cifar.... A diagnosis is right if its first verdict is the fault that was planted; that of a healthy run if nothing was
said, neither after any epoch nor at the end. `--write` puts the table into docs/diagnose.md.
"""

import argparse
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import faults

import minigrad as mg
from minigrad.train import Diagnosis, RunState, diagnose

DOCUMENT = Path(__file__).parent.parent / "docs/diagnose.md"
BEGIN, END = "<!-- what follows is written by benchmarks/diagnose.py {} -->", "<!-- here ends what is written by it -->"
HEALTHY_RUNS = 3  # as many as there are kinds of healthy setups, for each pair
SETS = {
    "development": (faults.DEVELOPMENT, 0),
    "first": (faults.HELD_OUT, 1000),
    "second": (faults.HELD_OUT_AGAIN, 2000),
    "third": (faults.HELD_OUT_LAST, 3000),
}


class Case(NamedTuple):
    """A training to be judged."""

    fault: str
    pair: faults.Pair
    number: int
    seed: int
    data_dir: Path | None


class Outcome(NamedTuple):
    """What was said of it."""

    case: Case
    live: tuple[str, ...]
    found: Diagnosis
    accuracies: tuple[float, float]
    right_labels: float  # the part of the suspect examples whose labels had been changed

    @property
    def right(self) -> bool:
        """Whether it is what should have been said."""
        if self.case.fault == "healthy":
            return not self.live and self.found.healthy
        return self.found.names[:1] == (self.case.fault,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="?", choices=[*SETS], default="development", help="which networks and data")
    parser.add_argument("--data-dir", type=Path, help="where copies of MNIST and CIFAR-10 are")
    parser.add_argument("--seed", type=int, help="of the first run of each kind")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write the table into docs/diagnose.md")
    options = parser.parse_args()
    pairs, seed = SETS[options.pairs]
    cases = plan(pairs, seed if options.seed is None else options.seed, options.data_dir)
    outcomes = []
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        for outcome in pool.map(judge, cases):
            outcomes.append(outcome)
            print(line(outcome), flush=True)
    told = report(outcomes)
    print(f"\n{told}")
    if options.write:
        begin = BEGIN.format(options.pairs)
        head, _, rest = DOCUMENT.read_text().partition(begin)
        DOCUMENT.write_text(f"{head}{begin}\n\n{told}\n\n{END}{rest.partition(END)[2]}")


def plan(pairs: Sequence[faults.Pair], seed: int, data_dir: Path | None) -> list[Case]:
    """Each fault for each pair, in a grade that goes round, and several healthy runs."""
    cases = []
    for fault in faults.FAULTS:
        for place, pair in enumerate(pairs):
            numbers = range(HEALTHY_RUNS) if fault == "healthy" else (place,)
            cases += [Case(fault, pair, number, seed + len(cases) + number, data_dir) for number in numbers]
    return cases


def judge(case: Case) -> Outcome:
    """Train, and diagnose it after every epoch and at the end."""
    mg.set_num_threads(1)
    live: dict[str, None] = {}

    def listen(run: RunState) -> None:
        live.update(dict.fromkeys(diagnose(run.history).names))

    run = faults.train(faults.plant(case.fault, case.pair, case.number), case.seed, case.data_dir, listen)
    found = diagnose(run.history, model=run.model, data=run.train)
    examples = next((verdict.examples for verdict in found.verdicts if verdict.examples), ())
    right_labels = len({*examples} & {*run.wrong.tolist()}) / len(examples) if examples else 0.0
    epochs = run.history.epochs
    accuracies = (epochs[-1].train_accuracy, epochs[-1].val_accuracy) if epochs else (0.0, 0.0)
    return Outcome(case, tuple(live), found, accuracies, right_labels)


def line(outcome: Outcome) -> str:
    """One run, in words."""
    case, (train, validation) = outcome.case, outcome.accuracies
    labels = f" ({outcome.right_labels:.0%} of these labels were changed)" if outcome.right_labels else ""
    return (
        f"{'right' if outcome.right else 'WRONG'}  {case.fault}, {case.pair.network} on {case.pair.data}, "
        f"seed {case.seed}, grade {case.number % 3 + 1}, accuracy {train:.2f} / {validation:.2f}: "
        f"{'; '.join(said(outcome)) or 'nothing'}{labels}"
    )


def said(outcome: Outcome) -> Sequence[str]:
    """The verdicts at the end; of a healthy run, those before too."""
    return outcome.found.names or (outcome.live if outcome.case.fault == "healthy" else ())


def report(outcomes: Sequence[Outcome]) -> str:
    """The table of right and wrong, and what was missed."""
    rows = ["| planted | runs | right | said instead | said besides |", "|---|---:|---:|---|---|"]
    for fault in faults.FAULTS:
        of_fault = [outcome for outcome in outcomes if outcome.case.fault == fault]
        instead = [said(outcome) for outcome in of_fault if not outcome.right]
        besides = [outcome.found.names[1:] for outcome in of_fault if outcome.right and outcome.found.names[1:]]
        right = sum(outcome.right for outcome in of_fault)
        rows.append(f"| {fault} | {len(of_fault)} | {right} | {_counted(instead)} | {_counted(besides)} |")
    total = sum(outcome.right for outcome in outcomes)
    rows.append(f"| all | {len(outcomes)} | {total}, {total / len(outcomes):.0%} | | |")
    wrong = [outcome for outcome in outcomes if not outcome.right]
    misses = [
        f"- {line(outcome)}" + "".join(f"\n  - {verdict}" for verdict in outcome.found.verdicts) for outcome in wrong
    ]
    return "\n".join([*rows, "", *(misses or ["Nothing was missed."])])


def _counted(names: Sequence[Sequence[str]]) -> str:
    counts = Counter("; ".join(said) or "nothing" for said in names)
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


if __name__ == "__main__":
    main()
