"""Loading a file of leads: every bad row by line, field and reason; the good ones kept."""

import io
import os
from pathlib import Path

import pytest

from fsdialer.core.campaigns import Campaign, Company
from fsdialer.errors import InvalidLead, NotFound
from fsdialer.imports import BAD_ROWS_KEPT, LINE_LIMIT, LINES_PER_ROW, load_file, load_stream
from fsdialer.store import Store

NOW = 1_795_400_000.0


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    company = Store(redis).company("acme")
    company.setup.save_company(Company("acme"))
    company.setup.save_campaign(Campaign("acme", "spring"))
    return company


@pytest.fixture
def load(acme):
    def loaded(content, progress=None):
        raw = content if isinstance(content, bytes) else content.encode()
        told = progress.append if progress is not None else (lambda read: None)
        return load_stream(io.BytesIO(raw), acme, "spring", lambda: NOW, told)

    return loaded


def bad(report):
    return [(row.line, row.field) for row in report.bad_rows]


def cards(acme):
    """Number → (name, fields) of every lead of the campaign."""
    leads = [acme.leads.get(lead) for lead in acme.redis.hvals(acme.keys.leads("spring"))]
    return {lead.number: (lead.name, dict(lead.fields)) for lead in leads}


@pytest.mark.parametrize(
    "content",
    [
        "name,phone,city\nZoé,(212) 555-0100,Nîmes\n".encode(),
        "\ufeffname,phone,city\r\nZoé,(212) 555-0100,Nîmes\r\n".encode(),
        "name;phone;city\nZoé;(212) 555-0100;Nîmes".encode(),
        'name;phone;"city"\n"Zoé";"(212) 555-0100";"Nîmes"\n'.encode(),
        "name\tphone\tcity\nZoé\t(212) 555-0100\tNîmes\n".encode(),
        "\n\nname,phone,city\n\n,,\nZoé,(212) 555-0100,Nîmes\n\n".encode(),
    ],
    ids=["plain", "BOM and CRLF", "semicolons, no last line break", "quoted", "tabs", "blank lines"],
)
def test_a_file_as_spreadsheets_write_it(load, acme, content):
    report = load(content)
    assert (report.rows, report.added, report.bad) == (1, 1, 0)
    assert cards(acme) == {"+12125550100": ("Zoé", {"city": "Nîmes"})}


def test_every_bad_row_is_reported_by_line_and_field_and_the_good_ones_kept(load, acme):
    report = load("phone,priority,note\n+12125550100,1,a\nabc,1,b\n+12125550101,high,c\n,2,d\n+12125550102,9,e\n")
    assert bad(report) == [(3, "number"), (4, "priority"), (5, "number")]
    assert "'abc' is not a telephone number" in report.bad_rows[0].reason
    assert (report.rows, report.added, report.bad) == (5, 2, 3)
    assert set(cards(acme)) == {"+12125550100", "+12125550102"}


def test_cards_show_their_fields_in_the_order_of_the_columns(load, acme):
    """Redis keeps a hash's fields in none, and another one for each lead."""
    load("zip,phone,city,age,b,a\n1,+12125550100,Rome,3,4,5\n1,+12125550101,,3,4,5\n1,+12125550102,Rome,3,,5\n")
    assert [list(fields) for _, fields in cards(acme).values()] == [
        ["zip", "city", "age", "b", "a"],
        ["zip", "age", "b", "a"],
        ["zip", "city", "age", "a"],
    ]
    load("phone,age,new\n+12125550103,3,4\n")
    assert acme.redis.lrange(acme.keys.columns("spring"), 0, -1) == ["age", "new", "zip", "city", "b", "a"]


def test_leads_are_called_in_the_order_of_their_lines(load, acme):
    """Over batches too, the first of which takes less time than its leads are apart."""
    rows = [f"+1212{5_550_000 + n * 7919 % 1200:07d}" for n in range(1200)]
    load("phone\n" + "\n".join(rows))
    queue = acme.redis.zrange(acme.keys.due("spring"), 0, -1)
    assert [acme.leads.get(lead).number for lead in queue] == rows


def test_loading_the_same_file_twice_adds_nothing(load):
    content = "id,phone\nA,+12125550100\nB,+12125550101\n"
    assert load(content).added == 2
    again = load(content)
    assert (again.rows, again.added, again.duplicate_numbers) == (2, 0, 2)


def test_duplicates_within_a_file_are_skipped_and_counted(load):
    report = load("id,phone\nA,+12125550100\nB,212-555-0100\nA,+12125550101\n")
    assert (report.added, report.duplicate_numbers, report.duplicate_ids) == (1, 1, 1)


def test_quoted_field_may_hold_line_breaks_and_separators(load, acme):
    report = load('phone,note\n+12125550100,"one, two\nthree ""four"""\nabc,x\n')
    assert bad(report) == [(4, "number")]
    assert cards(acme)["+12125550100"][1] == {"note": 'one, two three "four"'}


def test_quote_left_open_spoils_its_row_only(load, acme):
    rest = "".join(f"+1212555{n:04d},ok\n" for n in range(100, 100 + 3 * LINES_PER_ROW))
    report = load('phone,note\n+12125550099,"left open\n' + rest)
    assert bad(report) == [(2, "row")]
    assert "quote is opened and never closed" in report.bad_rows[0].reason
    assert report.added == 3 * LINES_PER_ROW


def test_quote_left_open_in_the_last_row_is_a_bad_row(load):
    report = load('phone,note\n+12125550100,ok\n+12125550101,"left open\n')
    assert (report.added, bad(report)) == (1, [(3, "row")])


def test_wrong_encoding_is_reported_by_line(load):
    report = load(b"phone,name\n+12125550100,Ann\n" + "+12125550101,Zoé\n".encode("latin-1") + b"+12125550102,B\n")
    assert (report.added, bad(report)) == (2, [(3, "row")])
    assert "not UTF-8" in report.bad_rows[0].reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"name,city\nAnn,Paris\n", "no column for it"),
        ("phone,name\n".encode("utf-16"), "the file is UTF-16, not UTF-8"),
        ("phone,name\n".encode("utf-16-le"), "the file is UTF-16, not UTF-8"),
        ("phone,name\n".encode("utf-16-be"), "the file is UTF-16, not UTF-8"),
        (b"phone,name\r+12125550100,Ann\r", "save the file as 'CSV UTF-8'"),
        (b"phone,name\r" + b"+12125550100,Ann\r" * 20_000, "save the file as 'CSV UTF-8'"),
        ("phone,prénom\n".encode("latin-1"), "not UTF-8"),
        (b'phone,"name\n+12125550100,x\n', "a quote is opened and never closed"),
    ],
)
def test_file_whose_header_cannot_be_read_is_refused_and_says_why(load, acme, content, reason):
    with pytest.raises(InvalidLead, match=reason):
        load(content)
    assert cards(acme) == {}


def test_nul_bytes_are_harmless(load, acme):
    assert load(b"pho\0ne,name\n+1212\x005550100,A\0nn\n").added == 1
    assert cards(acme)["+12125550100"][0] == "Ann"


def test_overlong_line_is_refused_and_the_next_one_read(load):
    content = b"phone,note\n+12125550100," + b"x" * (3 * LINE_LIMIT) + b"\n+12125550101,ok\n"
    report = load(content)
    assert (report.added, bad(report)) == (1, [(2, "row")])


def test_overlong_field_is_refused_by_name(load):
    report = load("phone,note\n+12125550100," + "x" * 1025 + "\n")
    assert bad(report) == [(2, "note")]


def test_row_whose_columns_have_shifted_is_refused(load):
    report = load("name,phone\nLee, Ann,+12125550100\nBob,+12125550101\n")
    assert (report.added, bad(report)) == (1, [(2, "row")])


def test_numbers_without_plus_take_the_companys_country(load, acme):
    acme.setup.save_company(Company("acme", country="FR"))
    load("tel\n01 42 68 53 00\n")
    assert set(cards(acme)) == {"+33142685300"}


def test_unknown_campaign_is_not_found(acme, tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("phone\n+12125550100\n")
    with pytest.raises(NotFound):
        load_file(path, acme, "winter", lambda: NOW)


def test_progress_adds_up_to_the_files_size(load):
    content, told = "phone\n" + "".join(f"+1212555{n:04d}\n" for n in range(100, 200)), []
    load(content, told)
    assert sum(told) == len(content)


def test_many_bad_rows_are_all_counted_and_some_remembered(load):
    report = load("phone\n" + "abc\n" * (BAD_ROWS_KEPT + 500))
    assert report.bad == BAD_ROWS_KEPT + 500
    assert len(report.bad_rows) == BAD_ROWS_KEPT


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_hundred_thousand_rows_pass_in_constant_memory(acme, tmp_path):
    """Their leads would take 60 MB and more; what the process grows by after the first tenth is a few at most."""
    path, seen, start = tmp_path / "leads.csv", 0, []
    with path.open("w") as file:
        file.write("phone,name,city,remark\n")
        file.writelines(f"+1212{2_000_000 + n:07d},Lead {n},City {n},Remark {n}\n" for n in range(100_000))

    def watch(read):
        nonlocal seen
        seen += read
        if not start and seen > path.stat().st_size // 10:
            start.append(resident_bytes())

    report = load_file(path, acme, "spring", lambda: NOW, watch)
    assert resident_bytes() - start[0] < 10_000_000
    assert report.rows == 100_000
    assert report.added > 90_000
