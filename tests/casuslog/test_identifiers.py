"""Identifiers against the vectors of standaarden-en-wet.md section 8."""

from __future__ import annotations

import uuid

import pytest

from casuslog.identifiers import (
    agb_ok,
    bsn_ok,
    casus_bucket,
    gemeentecode_ok,
    is_uuid,
    kvk_ok,
    looks_like_bsn,
    new_id,
    oin_ok,
)


def test_new_ids_are_uuid7_and_sort_in_the_order_in_which_they_were_made() -> None:
    """A new id is a UUIDv7 and later ones sort after earlier ones."""
    made = [new_id() for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(one).version for one in made} == {7}
    assert all(is_uuid(one) for one in made)


@pytest.mark.parametrize("text", ["", "999990342", "0" * 36, new_id().upper(), new_id()[:-1], new_id() + "\n"])
def test_what_is_no_canonical_uuid_is_refused(text: str) -> None:
    """Only the canonical lower-case form counts as a UUID."""
    assert not is_uuid(text)


@pytest.mark.parametrize("bsn", ["999990342", "999900006", "999999990", "123456782", "111222333"])
def test_a_bsn_that_passes_the_elfproef_is_accepted(bsn: str) -> None:
    """The vectors that pass, pass."""
    assert bsn_ok(bsn)


@pytest.mark.parametrize("bsn", ["000000000", "99999034", "9999903420", "99999034a", "999990343", "", "٩٩٩٩٩٠٣٤٢"])
def test_what_is_no_bsn_is_refused(bsn: str) -> None:
    """Nine zeros, another length, letters, digits of another script and a wrong check digit are refused."""
    assert not bsn_ok(bsn)


@pytest.mark.parametrize(
    "oin",
    ["00000001823288444000", "00000001002220647000", "00000004001094920000", "00000099000000860000"],
)
def test_an_oin_has_twenty_digits(oin: str) -> None:
    """The vectors and the test series are OINs."""
    assert oin_ok(oin)


@pytest.mark.parametrize("oin", ["01823288444", "0000000182328844400", "99999999000000860000", "0000000182328844400x"])
def test_what_is_no_oin_is_refused(oin: str) -> None:
    """A short OIN, an unknown prefix and letters are refused."""
    assert not oin_ok(oin)


def test_agb_kvk_and_gemeentecode_have_a_fixed_length() -> None:
    """AGB and KvK have eight digits, a gemeentecode four."""
    assert agb_ok("98765401")
    assert not agb_ok("9876540")
    assert kvk_ok("09220932")
    assert not kvk_ok("0922093")
    assert gemeentecode_ok("0086")
    assert not gemeentecode_ok("86")
    assert not gemeentecode_ok("0086\n")


@pytest.mark.parametrize(
    "text",
    [
        "999990342",
        "zaak 999990342",
        "999.990.342",
        "9999 90 342",
        "9999-90-342",
        "999 - 990342",
        "x999990342y",
        "bsn:999990342.",
        "12 999990342",
        "999990342/1",
        "12.999.990.342",
    ],
)
def test_a_bsn_is_found_however_it_is_written(text: str) -> None:
    """Separators and text around it do not hide a BSN."""
    assert looks_like_bsn(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gemeente",
        "00000099000000860000",
        "999990343",
        "000000000",
        "2017-02-15",
        "9999903421",
        "98765401",
        "2017/999990",
    ],
)
def test_other_numbers_are_no_bsn(text: str) -> None:
    """Longer runs, shorter runs, dates and numbers that fail the elfproef are left alone."""
    assert not looks_like_bsn(text)


def test_a_casus_stays_in_its_bucket() -> None:
    """The bucket is a fixed function of the subject: crc32 modulo 64, two digits."""
    assert casus_bucket("123456789") == f"{0xCBF43926 % 64:02d}"
    assert {len(casus_bucket(new_id())) for _ in range(200)} == {2}


def test_buckets_are_spread() -> None:
    """A few thousand cases reach every bucket."""
    assert len({casus_bucket(str(uuid.UUID(int=n))) for n in range(4000)}) == 64
