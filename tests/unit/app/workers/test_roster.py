"""Workers that die, hang and are asked things in any order: in the end all of them serve, or all have ended."""

import signal
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mailgate.app.workers.listeners import REPLACED
from mailgate.app.workers.roster import MAX_RESTART_SECONDS, START_SECONDS, Close, Roster, Send, Start

GRACE = 30.0


@dataclass
class Process:
    """A made-up process: what it was told, and whether it cares."""

    number: int
    deaf: bool = False
    stuck: bool = False
    """It never serves."""
    serves: bool = False
    ends: bool = False


class Machine:
    """Does what a roster says, without any process."""

    def __init__(self, count):
        self.roster, self.now, self.closed = Roster(count, GRACE), 0.0, False
        self.processes, self.last, self.room = {}, 100, True
        self.do(self.roster.settle(self.now))

    def do(self, actions):
        for action in actions:
            match action:
                case Start(number):
                    self.start(number)
                case Send(pid, sent):
                    process = self.processes[pid]  # a signal goes to nobody who is not there
                    process.ends |= sent == signal.SIGKILL or (sent != signal.SIGHUP and not process.deaf)
                case Close():
                    assert not self.closed
                    self.closed = True

    def start(self, number):
        assert not self.closed
        if self.room:
            self.last += 1
            self.processes[self.last] = Process(number)
            self.roster.started(number, self.last, self.now)
        else:
            self.roster.not_started(number, self.now)

    def wait(self, seconds):
        self.now += seconds
        self.do(self.roster.settle(self.now))

    def serve(self, pid):
        self.processes[pid].serves = True
        self.do(self.roster.ready(pid, self.now))

    def end(self, pid, code):
        del self.processes[pid]
        self.do(self.roster.ended(pid, code, self.now))

    def ask(self, number):
        self.do(self.roster.signalled(number, self.now))

    def come_to_rest(self):
        """From here on nothing goes wrong: what is asked to end ends, or is killed, and what starts serves."""
        self.room = True
        for _ in range(20 * (self.roster.count + len(self.processes))):
            for pid, process in list(self.processes.items()):
                if process.ends:
                    self.end(pid, 0)
                elif not process.serves and not process.stuck:
                    self.serve(pid)
            at = self.roster.next_check()
            if at is not None:
                self.wait(max(0.0, at - self.now))

    def serving(self):
        return sorted(each.number for each in self.processes.values() if each.serves)

    def starting(self):
        return [pid for pid, each in self.processes.items() if not each.serves]


class Nights(RuleBasedStateMachine):
    """Every order of what may happen to workers."""

    def __init__(self):
        super().__init__()
        self.machine = Machine(3)

    pids = st.integers(0, 8)

    def one_of(self, index):
        running = list(self.machine.processes)
        return running[index % len(running)] if running else None

    @rule(index=pids)
    def a_worker_serves(self, index):
        if starting := [each for each in self.machine.starting() if not self.machine.processes[each].stuck]:
            self.machine.serve(starting[index % len(starting)])

    @rule(index=pids, code=st.sampled_from([0, -9, -12, -15, 1, 2]))
    def a_worker_dies(self, index, code):
        pid = self.one_of(index)
        if pid is not None and (code <= 0 or any(each.serves for each in self.machine.processes.values())):
            self.machine.end(pid, code)

    @rule(index=pids)
    def a_worker_is_asked_to_end_by_somebody_else(self, index):
        pid = self.one_of(index)
        if pid is not None and not self.machine.processes[pid].deaf:
            self.machine.processes[pid].ends = True

    @rule(index=pids)
    def a_worker_ignores_what_it_is_asked(self, index):
        pid = self.one_of(index)
        if pid is not None:
            self.machine.processes[pid].deaf = True

    @rule(index=pids)
    def a_worker_never_serves(self, index):
        pid = self.one_of(index)
        if pid is not None and self.machine.roster._once_served:
            self.machine.processes[pid].stuck = True

    @rule()
    def who_was_asked_to_end_ends(self):
        for pid in [pid for pid, each in self.machine.processes.items() if each.ends]:
            self.machine.end(pid, 0)

    @rule()
    def all_are_to_be_replaced(self):
        self.machine.ask(signal.SIGUSR2)

    @rule()
    def all_are_to_read_their_files(self):
        self.machine.ask(signal.SIGHUP)

    @rule(room=st.booleans())
    def the_system_has_room(self, room):
        self.machine.room = room

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.25, 1.0, 10.0, 31.0, 120.0, 301.0]))
    def time_goes_by(self, seconds):
        self.machine.wait(seconds)

    @precondition(lambda self: not self.machine.roster.stopping)
    @rule(happens=st.integers(0, 9))
    def all_are_to_end(self, happens):
        if happens == 0:  # seldom, so that nights are long
            self.machine.ask(signal.SIGTERM)

    @invariant()
    def nobody_has_more_than_a_successor(self):
        for number in range(3):
            here = self.machine.roster._of(number)
            assert len(here) <= 2
            assert sum(not each.serves for each in here) <= 1

    def teardown(self):
        machine = self.machine
        machine.come_to_rest()
        if machine.roster.stopping:
            assert machine.processes == {}
            assert machine.roster.over
        else:
            assert machine.serving() == [0, 1, 2]
            assert machine.starting() == []


Nights.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_in_the_end_all_serve_or_all_have_ended = Nights.TestCase


def all_serve(count=2):
    machine = Machine(count)
    machine.come_to_rest()
    assert machine.serving() == list(range(count))
    return machine


def test_the_first_worker_has_the_store_to_itself_until_it_serves():
    machine = Machine(3)
    assert [each.number for each in machine.processes.values()] == [0]
    machine.serve(101)
    assert [each.number for each in machine.processes.values()] == [0, 1, 2]


@pytest.mark.parametrize("code", [1, 2])
def test_an_error_of_the_first_worker_ends_all(code):
    machine = Machine(2)
    machine.end(101, code)
    assert machine.roster.over
    assert (machine.roster.code, machine.closed) == (code, True)


@pytest.mark.parametrize("code", [-signal.SIGUSR2, -signal.SIGKILL, 0])
def test_a_first_worker_that_was_killed_is_started_again(code):
    machine = Machine(2)
    machine.end(101, code)
    machine.come_to_rest()
    assert machine.serving() == [0, 1]


def test_signals_for_all_of_a_service_at_once_leave_all_serving():
    """As ``systemctl kill -s USR2`` sends them: the workers end by themselves while they are replaced."""
    machine = all_serve()
    for process in machine.processes.values():
        process.ends = True
    machine.ask(signal.SIGUSR2)
    first, second = (pid for pid, each in machine.processes.items() if each.ends)
    machine.end(second, 0)
    machine.wait(0.25)  # the second is started again while the first one's successor starts
    early, late = machine.starting()
    machine.serve(late)
    machine.serve(early)
    machine.end(first, 0)
    machine.come_to_rest()
    assert machine.serving() == [0, 1]


def test_one_after_the_other_is_replaced():
    machine = all_serve()
    before = set(machine.processes)
    machine.ask(signal.SIGUSR2)
    (new,) = set(machine.processes) - before
    machine.serve(new)
    assert [machine.processes[pid].ends for pid in sorted(before)] == [True, False]
    machine.come_to_rest()
    assert before.isdisjoint(machine.processes)


def test_a_replacement_that_dies_leaves_the_old_ones_in_their_places():
    machine = all_serve()
    before = set(machine.processes)
    machine.ask(signal.SIGUSR2)
    (new,) = set(machine.processes) - before
    machine.end(new, 2)
    machine.come_to_rest()
    assert set(machine.processes) == before
    assert not any(each.ends for each in machine.processes.values())


def test_two_requests_to_replace_workers_replace_all_twice():
    """What is asked for while a replacement starts may be about files that it has read before they changed."""
    machine = all_serve(1)
    machine.ask(signal.SIGUSR2)
    (starting,) = machine.starting()
    machine.ask(signal.SIGUSR2)
    machine.come_to_rest()
    assert starting not in machine.processes
    assert machine.serving() == [0]


def test_a_worker_that_does_not_end_is_killed():
    machine = all_serve(1)
    (old,) = machine.processes
    machine.processes[old].deaf = True
    machine.ask(signal.SIGUSR2)
    machine.serve(*machine.starting())
    machine.wait(GRACE - 1)
    assert not machine.processes[old].ends
    machine.wait(1)
    assert machine.processes[old].ends


def test_a_worker_that_never_serves_is_killed_and_started_again():
    machine = all_serve(2)
    machine.end(min(machine.processes), -9)
    machine.wait(0.25)
    (stuck,) = machine.starting()
    machine.processes[stuck].stuck = True
    machine.wait(START_SECONDS)
    assert machine.processes[stuck].ends
    machine.come_to_rest()
    assert machine.serving() == [0, 1]


def test_one_that_cannot_live_is_started_ever_more_seldom():
    machine = all_serve(1)
    waits = []
    for _ in range(12):
        machine.end(*machine.processes, -9)
        waits.append(machine.roster.next_check() - machine.now)
        machine.wait(waits[-1])
    assert waits[:4] == [0.25, 0.5, 1.0, 2.0]
    assert waits[-1] == MAX_RESTART_SECONDS


def test_one_that_was_asked_to_end_by_others_has_not_failed():
    machine = all_serve(1)
    for _ in range(3):
        machine.end(*machine.processes, 0)
        assert machine.roster.next_check() - machine.now == 0.25
        machine.come_to_rest()


def test_a_system_without_room_for_a_process_is_asked_again():
    machine = all_serve(1)
    machine.room = False
    machine.end(*machine.processes, -9)
    machine.wait(0.25)
    assert machine.processes == {}
    machine.come_to_rest()
    assert machine.serving() == [0]


def test_a_worker_that_is_leaving_is_asked_by_the_signal_for_that():
    machine = all_serve(1)
    (old,) = machine.processes
    machine.ask(signal.SIGUSR2)
    (new,) = machine.starting()
    assert machine.roster.ready(new, machine.now) == [Send(old, REPLACED)]


def test_a_worker_that_says_nothing_any_more_is_killed_and_started_again():
    roster = Roster(1, GRACE, silence=20.0)
    roster.settle(0.0)
    roster.started(0, 7, 0.0)
    roster.ready(7, 1.0)
    roster.ready(7, 15.0)  # still there
    assert (roster.settle(34.0), roster.next_check()) == ([], 35.0)
    assert roster.settle(35.0) == [Send(7, signal.SIGKILL)]
    assert roster.ended(7, -9, 35.0) == []
    assert roster.settle(35.25) == [Start(0)]


def test_a_worker_that_is_leaving_gains_no_time_by_what_it_says():
    roster = Roster(1, GRACE, silence=20.0)
    roster.settle(0.0)
    roster.started(0, 7, 0.0)
    roster.ready(7, 1.0)
    roster.signalled(signal.SIGTERM, 2.0)
    roster.ready(7, 10.0)
    assert roster.next_check() == 2.0 + GRACE


def test_all_serve_once_each_number_is_taken():
    machine = Machine(2)
    assert not machine.roster.all_serve
    machine.come_to_rest()
    assert machine.roster.all_serve
