"""Loading a file of leads: any size, in constant memory; every bad row reported, the good ones kept.

UTF-8 with or without a byte order mark, comma or semicolon. A row is a row of the file as a spreadsheet sees it: a
quoted field may hold line breaks.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fsdialer.core.leads import ColumnMap, NewLead, parse_header, parse_row
from fsdialer.errors import InvalidLead
from fsdialer.store import CompanyStore

#: Rows added to Redis at a time; bad rows remembered in the report (all are counted).
BATCH, BAD_ROWS_KEPT = 500, 1000
#: Longest line accepted, in bytes: longer ones are not leads.
LINE_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was refused: `line` is the file's line at which the row ends, 1 being the header."""

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


def load_file(
    path: Path, store: CompanyStore, campaign: str, clock: Callable[[], float], progress: Callable[[int], None] = len
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
    progress: Callable[[int], None] = len,
) -> LoadReport:
    """As `load_file`, from an open file."""
    store.setup.campaign(campaign)
    country = store.setup.company().country
    report, lines = LoadReport(), _Lines(file, progress)
    rows = _rows(lines)
    columns = _header(rows)
    batch: list[NewLead] = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        report.rows += 1
        try:
            lines.raise_if_spoilt()
            batch.append(_lead(columns, row, country))
        except InvalidLead as error:
            report.refuse(lines.number, error)
        if len(batch) >= BATCH:
            _add(batch, store, campaign, clock, report)
    _add(batch, store, campaign, clock, report)
    return report


def _header(rows: Iterator[list[str]]) -> ColumnMap:
    header = next(rows, None)
    if header is None:
        raise InvalidLead("header", "the file is empty: its first line must name the columns")
    return parse_header(header)


def _lead(columns: ColumnMap, row: list[str], country: str) -> NewLead:
    width = len(columns.known) + len(columns.fields)
    if len(row) > width + 20:
        raise InvalidLead("row", f"{len(row)} fields where the header has {width}: is a quote left open?")
    return parse_row(columns, row, country)


def _add(
    batch: list[NewLead], store: CompanyStore, campaign: str, clock: Callable[[], float], report: LoadReport
) -> None:
    result = store.leads.add(campaign, batch, clock())
    report.added += result.added
    report.duplicate_numbers += result.duplicate_numbers
    report.duplicate_ids += result.duplicate_ids
    batch.clear()


def _rows(lines: "_Lines") -> Iterator[list[str]]:
    """The file's rows, whichever of comma and semicolon its first line uses more."""
    first = next(lines, "")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    csv.field_size_limit(LINE_LIMIT)
    reader = csv.reader(_again(first, lines), delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.spoilt = f"not CSV: {error}"
            yield ["?"]


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


class _Lines:
    """The file's lines as text. What is no UTF-8, too long or holds NULs spoils its row, not the file."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress
        self.number = 0
        self.spoilt = ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._file.readline(LINE_LIMIT)
        if not raw:
            raise StopIteration
        self.number += 1
        self._progress(len(raw))
        if len(raw) == LINE_LIMIT and not raw.endswith(b"\n"):
            self._skip_line()
            self.spoilt = f"over {LINE_LIMIT} bytes in one line"
            return "?\n"
        if self.number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            return raw.replace(b"\0", b"").decode("utf-8")
        except UnicodeDecodeError:
            self.spoilt = "not UTF-8: save the file as 'CSV UTF-8'"
            return raw.replace(b"\0", b"").decode("utf-8", "replace")

    def raise_if_spoilt(self) -> None:
        """InvalidLead when a line of the row just read was spoilt."""
        if self.spoilt:
            reason, self.spoilt = self.spoilt, ""
            raise InvalidLead("row", reason)

    def _skip_line(self) -> None:
        while chunk := self._file.readline(LINE_LIMIT):
            self._progress(len(chunk))
            if chunk.endswith(b"\n"):
                return
