"""Loading a file of leads: any size, in constant memory; every bad row reported, the good ones kept.

UTF-8 with or without a byte order mark; comma, semicolon or tab, as the header says. A row is a row of the file as a
spreadsheet sees it: a quoted field may hold line breaks. One open quote or one wrong byte spoils its row, not the file.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fsdialer.core.campaigns import Company
from fsdialer.core.destinations import barred
from fsdialer.core.leads import ColumnMap, NewLead, parse_header, parse_row
from fsdialer.errors import InvalidLead
from fsdialer.store import CompanyStore

#: Rows added to Redis at a time; bad rows remembered in the report (all are counted).
BATCH, BAD_ROWS_KEPT = 500, 1000
#: Longest line accepted, in bytes: longer ones are not leads.
LINE_LIMIT = 256 * 1024
#: Most lines of one row; a quote that is still open then was never meant to be.
LINES_PER_ROW = 50

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS = "save the file as 'CSV UTF-8'"
_STRAY_CR = f"a CR alone ends lines, as in 'CSV (Macintosh)': {_SAVE_AS}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was refused: `line` is the file's line at which the row begins, 1 being the first of the file."""

    line: int
    field: str
    reason: str


@dataclass(slots=True)
class LoadReport:
    """What came of a file."""

    rows: int = 0
    added: int = 0
    duplicate_numbers: int = 0
    duplicate_ids: int = 0
    bad: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)

    def refuse(self, line: int, error: InvalidLead) -> None:
        """Count a bad row, and remember it while there is room."""
        self.bad += 1
        if len(self.bad_rows) < BAD_ROWS_KEPT:
            self.bad_rows.append(BadRow(line, error.field, error.reason))


def _unheard(read: int) -> None:
    """Progress that nobody watches."""


def load_file(
    path: Path,
    store: CompanyStore,
    campaign: str,
    clock: Callable[[], float],
    progress: Callable[[int], None] = _unheard,
) -> LoadReport:
    """Add a file's leads to the campaign. `progress` is told how many bytes were read since it was last told.

    InvalidLead when the header does not say where the number is; NotFound for an unknown campaign.
    """
    with path.open("rb") as file:
        return load_stream(file, store, campaign, clock, progress)


def load_stream(
    file: BinaryIO,
    store: CompanyStore,
    campaign: str,
    clock: Callable[[], float],
    progress: Callable[[int], None] = _unheard,
) -> LoadReport:
    """As `load_file`, from an open file."""
    store.setup.campaign(campaign)
    company = store.setup.company()
    report = LoadReport()
    lines = _lines(file, progress)
    columns, delimiter = _header(lines)
    store.leads.keep_order(campaign, list(columns.fields))
    batch: list[NewLead] = []
    free_at = 0.0
    for row in _rows(lines, delimiter):
        if not row.problem and not any(cell.strip() for cell in row.cells):
            continue
        report.rows += 1
        try:
            batch.append(_lead(columns, row, company))
        except InvalidLead as error:
            report.refuse(row.line, error)
        if len(batch) >= BATCH:
            free_at = _add(batch, store, campaign, max(clock(), free_at), report)
    _add(batch, store, campaign, max(clock(), free_at), report)
    return report


def _lead(columns: ColumnMap, row: "_Row", company: Company) -> NewLead:
    if row.problem:
        raise InvalidLead("row", row.problem)
    lead = parse_row(columns, row.cells, company.country)
    reason = barred(lead.number, company)
    if reason:
        raise InvalidLead("number", f"{lead.number} is {reason}")
    return lead


def _add(batch: list[NewLead], store: CompanyStore, campaign: str, now: float, report: LoadReport) -> float:
    """When the next batch may be added, so as to stand behind this one: its leads are a millisecond apart."""
    free_at = now + (len(batch) + 1) / 1000
    result = store.leads.add(campaign, batch, now)
    report.added += result.added
    report.duplicate_numbers += result.duplicate_numbers
    report.duplicate_ids += result.duplicate_ids
    batch.clear()
    return free_at


# -- rows ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: list[str]
    problem: str


def _header(lines: Iterator["_Line"]) -> tuple[ColumnMap, str]:
    """The columns, and what parts them: the one of comma, semicolon and tab that the header has most of."""
    first = next((line for line in lines if line.text.strip()), None)
    if first is None:
        raise InvalidLead("header", "the file is empty: its first line must name the columns")
    if first.problem:
        raise InvalidLead("header", first.problem)
    delimiter = max(",;\t", key=first.text.count)
    (row,) = _rows(iter([first]), delimiter)
    if row.problem:
        raise InvalidLead("header", row.problem)
    return parse_header(row.cells), delimiter


def _rows(lines: Iterator["_Line"], delimiter: str) -> Iterator[_Row]:
    csv.field_size_limit(LINE_LIMIT)
    waiting: deque[_Line] = deque()
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        taken = _Taken(line, waiting, lines)
        try:
            cells = next(csv.reader(taken, delimiter=delimiter))
        except csv.Error as error:
            cells, taken.problem = [], _STRAY_CR if "\r" in line.text.rstrip("\r\n") else f"not CSV: {error}"
        if taken.ran_out:
            taken.problem = "a quote is opened and never closed"
            waiting.extendleft(reversed(taken.lines[1:]))
        yield _Row(line.number, cells, taken.problem)


class _Taken:
    """The lines that one row takes: its first, and while a quote is open the next, `LINES_PER_ROW` at the most."""

    def __init__(self, first: "_Line", waiting: "deque[_Line]", rest: Iterator["_Line"]) -> None:
        self._waiting = waiting
        self._rest = rest
        self._next: _Line | None = first
        self.lines: list[_Line] = []
        self.problem = ""
        self.ran_out = False

    def __iter__(self) -> "_Taken":
        return self

    def __next__(self) -> str:
        line = self._next or self._another()
        self._next = None
        if line is None:
            self.ran_out = True
            raise StopIteration
        self.lines.append(line)
        self.problem = self.problem or line.problem
        return line.text

    def _another(self) -> "_Line | None":
        if len(self.lines) >= LINES_PER_ROW:
            return None
        return self._waiting.popleft() if self._waiting else next(self._rest, None)


# -- lines ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    problem: str


def _lines(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[_Line]:
    """The file's lines as text. What is no UTF-8 or too long is a problem of its line; NULs are dropped."""
    number = 0
    while raw := file.readline(LINE_LIMIT):
        number += 1
        progress(len(raw))
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
            _check_encoding(raw)
        if len(raw) >= LINE_LIMIT and not raw.endswith(b"\n"):
            _skip_line(file, progress)
            yield _Line(number, "?\n", _STRAY_CR if b"\r" in raw else f"over {LINE_LIMIT} bytes in one line")
            continue
        raw = raw.replace(b"\0", b"")
        try:
            yield _Line(number, raw.decode("utf-8"), "")
        except UnicodeDecodeError:
            yield _Line(number, raw.decode("utf-8", "replace"), f"not UTF-8: {_SAVE_AS}")


def _check_encoding(first: bytes) -> None:
    """UTF-16 is known by its mark, or by the first line: half of what it has of plain letters is NULs."""
    if first.startswith(_UTF_16) or first.count(b"\0") > len(first) // 3:
        raise InvalidLead("header", f"the file is UTF-16, not UTF-8: {_SAVE_AS}")


def _skip_line(file: BinaryIO, progress: Callable[[int], None]) -> None:
    while chunk := file.readline(LINE_LIMIT):
        progress(len(chunk))
        if chunk.endswith(b"\n"):
            return
