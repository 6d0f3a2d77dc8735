"""Programs with faults between their steps: planted bugs that no single call shows, and twins."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from runfaults.every_fault import Program, ProgramBrokenError, Step, Strike, System
from runfaults.strategies import programs


def make(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "db")) as connection, connection:
        connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER)")
        connection.execute("INSERT INTO accounts VALUES ('ann', 100), ('bob', 0)")
        connection.execute("CREATE TABLE log (token BLOB)")


class Bank:
    """Keeps what it has read; writes all of a transfer or nothing."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "db")
        self.balances = dict(self.connection.execute("SELECT name, balance FROM accounts"))

    def close(self) -> None:
        self.connection.close()

    def transfer(self, amount: int) -> None:
        if amount > self.balances["ann"]:
            raise ValueError("too much")
        balances = {"ann": self.balances["ann"] - amount, "bob": self.balances["bob"] + amount}
        self.write(balances)
        self.balances = balances

    def try_to_transfer(self, amount: int) -> bool:
        try:
            self.transfer(amount)
        except sqlite3.Error:
            return False
        return True

    def balance(self, name: str) -> int:
        return int(self.balances[name])

    def write(self, balances: dict[str, int]) -> None:
        with self.connection as connection:
            change = "UPDATE accounts SET balance = ? WHERE name = ?"
            connection.executemany(change, [(each, name) for name, each in balances.items()])
            connection.execute("INSERT INTO log VALUES (randomblob(8))")


class Forward(Bank):
    """Remembers what it has not written yet: the database is right until the next transfer."""

    def transfer(self, amount: int) -> None:
        if amount > self.balances["ann"]:
            raise ValueError("too much")
        self.balances["ann"] -= amount
        self.balances["bob"] += amount
        self.write(self.balances)


class Open(Bank):
    def write(self, balances: dict[str, int]) -> None:
        change = "UPDATE accounts SET balance = ? WHERE name = ?"
        self.connection.executemany(change, [(each, name) for name, each in balances.items()])
        self.connection.commit()


class Silent(Bank):
    def write(self, balances: dict[str, int]) -> None:
        try:
            super().write(balances)
        except sqlite3.Error:
            return


# Functions, so that each subclass uses its own.
def balance(bank: Bank, name: str) -> int:
    return bank.balance(name)


def transfer(bank: Bank, amount: int) -> None:
    bank.transfer(amount)


def try_to_transfer(bank: Bank, amount: int) -> bool:
    return bank.try_to_transfer(amount)


OPERATIONS: dict[Any, Any] = {
    balance: (st.sampled_from(["ann", "bob"]),),
    transfer: (st.integers(1, 60),),
    try_to_transfer: (st.integers(1, 60),),
}


def checked(bank: type[Bank], examples: int) -> None:
    @seed(7)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(programs(OPERATIONS))
    def run(program: Program) -> None:
        program.run(System(make, bank, bank.close))

    run()


def test_a_right_object_bears_every_program() -> None:
    checked(Bank, 30)


@pytest.mark.parametrize(
    ("bank", "told"),
    [
        (
            Forward,
            "step 2, balance('ann'): it returned 99; without the faults before it returned 100",
        ),
        (Open, "step 1, transfer(1)  # busy at #2: it leaves a lock behind"),
        (Silent, "step 1, transfer(1)  # busy at #1: the database differs from the one without"),
    ],
)
def test_a_planted_bug_is_found_and_shrunk(bank: type[Bank], told: str) -> None:
    with pytest.raises(ProgramBrokenError) as raised:
        checked(bank, 300)
    assert str(raised.value).startswith(told)


def test_a_program_is_told_step_by_step() -> None:
    steps = (Step(transfer, (1,), Strike.parse("busy at #1 until lifted")), Step(balance, ("ann",)))
    assert repr(Program(steps)) == (
        "Program:\n    transfer(1)  # busy at #1 until lifted\n    balance('ann')"
    )


def test_an_error_of_the_steps_own_is_no_finding_and_one_of_the_object_is() -> None:
    class Worn(Bank):
        broken = False

        def transfer(self, amount: int) -> None:
            if self.broken:
                raise RuntimeError("closed")
            try:
                super().transfer(amount)
            except sqlite3.Error:
                self.broken = True
                raise

    steps = (Step(transfer, (500,)), Step(transfer, (1,), Strike.parse("full at #1")))
    Program((*steps, Step(transfer, (1,)))).run(System(make, Bank, Bank.close))
    with pytest.raises(ProgramBrokenError, match=r"step 3, transfer\(1\): it raised RuntimeE"):
        Program((*steps, Step(transfer, (1,)))).run(System(make, Worn, Worn.close))


def test_an_answer_that_differs_by_itself_is_not_compared_and_another_one_is() -> None:
    def newest(bank: Bank, what: str) -> list[object]:
        return bank.connection.execute(f"SELECT {what} FROM log").fetchall()

    struck = Step(transfer, (1,), Strike.parse("busy at #1"))
    for what in ("token", "length(token)"):
        steps = (Step(transfer, (1,)), struck, Step(newest, (what,)))
        Program(steps).run(System(make, Bank, Bank.close))
    with pytest.raises(ProgramBrokenError, match=r"step 2, balance\('ann'\): it returned 99"):
        Program((struck, Step(balance, ("ann",)))).run(System(make, Forward, Forward.close))
