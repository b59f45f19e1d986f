"""Which encoding a text file is in: the whole file is read, never its first kilobyte, and two in one file are refused.

UTF-8 proves itself. The encodings of Chinese, Japanese and Korean decode much of each other's text, so they are compared by how
much of what they decode is common writing: first-level characters, kana, Hangul. Others are asked of charset-normalizer.
"""

import codecs
import re
from collections.abc import Callable
from functools import cache

from crmkit.core.errors import CrmkitError, refusal

from .columns import header_forms, vocabulary

BLOCK = 1 << 20
SAMPLE_LINES = 3000
_BOMS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# codec -> the name that is reported
REPORTED = {
    "cp932": "shift_jis",
    "cp949": "euc_kr",
    "cp950": "big5",
    "big5hkscs": "big5",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
}
_NON_ASCII_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")
# a byte between ASCII ones, or two inside a word of Latin letters (Größe): no Chinese is written so
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])|(?<=[A-Za-z])[\xc0-\xff]{2}(?=[A-Za-z])")
# codec -> the charset in which its common characters are known, the first and last of their leads, leads of signs and kana
_COMMON = {
    "gb18030": ("gb2312", 0xB0, 0xD7, (0xA1, 0xA3)),
    "cp950": ("cp950", 0xA4, 0xC6, (0xA1, 0xA2)),
    "big5hkscs": ("cp950", 0xA4, 0xC6, (0xA1, 0xA2)),
    "cp932": ("euc_jp", 0xB0, 0xCF, (0xA1, 0xA3, 0xA4, 0xA5)),
    "euc_jp": ("euc_jp", 0xB0, 0xCF, (0xA1, 0xA3, 0xA4, 0xA5)),
    "cp949": ("euc_kr", 0xB0, 0xC8, (0xA1, 0xA3)),
}
_UTF8_HAN = re.compile(rb"(?<![\x80-\xff])(?:[\xe4-\xe9][\x80-\xbf]{2}){2,}(?![\x80-\xff])")


def detect(open_bytes: Callable, name: str, asked: str | None = None) -> str:
    """The codec that reads the whole file, else CrmkitError unreadable_file naming the first line it cannot read."""
    with open_bytes() as stream:
        head = stream.read(1 << 16)
    marked = next((codec for bom, codec in _BOMS if head.startswith(bom)), None)
    if marked and (asked is None or asked.lower().startswith("utf")):
        asked = marked
    if codec := asked or _utf16_without_bom(head):
        return _proved(open_bytes, codec, name)
    if _first_failure(open_bytes, "utf-8") is None:
        return "utf-8"
    lines = _sample(open_bytes)
    scores = {codec: _score(lines, codec) for codec in ("utf-8", *_COMMON, "cp1252")}
    best = max(scores, key=scores.get)
    if scores[best] < 0.5:
        best = _ask_charset_normalizer(lines) or best
    if best in ("cp950", "big5hkscs"):  # the same writing; they differ in rare characters
        best = next((c for c in ("cp950", "big5hkscs") if _first_failure(open_bytes, c) is None), best)
    if scores.get(best, 1) < 0.2:
        raise _unreadable(
            name,
            _first_failure(open_bytes, "utf-8"),
            "UTF-8, GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, UTF-16, Windows-1252",
        )
    if best in scores and best != "utf-8":
        _refuse_foreign_utf8(open_bytes, best, name)
    return _proved(open_bytes, best, name)


def _utf16_without_bom(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.15 * half and even < 0.02 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.15 * half and odd < 0.02 * half else None


def _first_failure(open_bytes, codec: str) -> tuple[int, bytes] | None:
    """The line (from 1) and the bytes that ``codec`` cannot read, None when it reads everything."""
    decoder, line, block = codecs.getincrementaldecoder(codec)(), 1, b"-"
    with open_bytes() as stream:
        while block:
            block = stream.read(BLOCK)
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as problem:
                good = problem.object[: problem.start].decode(codec, "ignore")
                return line + good.count("\n"), problem.object[problem.start : problem.start + 4]
    return None


def _unreadable(name: str, failure, tried: str) -> CrmkitError:
    line, found = failure or (1, b"")
    return refusal(
        "unreadable_file", "unreadable_encoding", row=line, value=found.hex(" "), name=name, tried=tried
    )


def _proved(open_bytes, codec: str, name: str) -> str:
    if failure := _first_failure(open_bytes, codec):
        raise _unreadable(name, failure, REPORTED.get(codec, codec).upper())
    return codec


def _sample(open_bytes) -> list[bytes]:
    """Lines with non-ASCII bytes from all over the file, the first ones (headers) for certain."""
    lines = []
    with open_bytes() as stream:
        while len(lines) <= 5 * SAMPLE_LINES and (block := stream.read(BLOCK) + stream.readline()):
            lines += _NON_ASCII_LINE.findall(block)[: SAMPLE_LINES // 50 if lines else SAMPLE_LINES]
    return lines


def _score(lines: list[bytes], codec: str) -> float:
    """0…1: how much of the non-ASCII text is common writing when read so; one more when it makes a header known."""
    if codec == "cp1252":
        high = sum(len(re.findall(rb"[\x80-\xff]", line)) for line in lines)
        alone = sum(len(found) for line in lines for found in _ALONE.findall(line))
        return alone / max(high, 1) * 0.9
    texts = [line.decode(codec, "replace") for line in lines]
    whole = [t for t in texts if "\ufffd" not in t]
    high = [c for t in whole for c in t if ord(c) > 0x7F]
    share = sum(codec == "utf-8" or _is_common(c, codec) for c in high) / max(len(high), 1)
    cells = (c.strip('" \r') for t in texts[:10] if "\ufffd" not in t for c in re.split(r"[,;\t|]", t)[:200])
    words = [vocabulary()[c] for c in ("customer_id", "date", "amount", "order_id", "quantity", "unit_price")]
    cells = [cell for cell in cells if not cell.isascii()]  # what is ASCII is so in every encoding
    known = any(form in ranks for cell in cells for form in header_forms(cell)[0] for ranks in words)
    return share * len(whole) / max(len(lines), 1) + known


@cache
def _is_common(char: str, codec: str) -> bool:
    """Whether it is a first-level character, a kana, or punctuation, of the encoding's charset."""
    charset, first, last, signs = _COMMON[codec]
    try:
        lead = char.encode(charset)[0]
    except UnicodeEncodeError:
        return False
    return first <= lead <= last or lead in signs


def _refuse_foreign_utf8(open_bytes, codec: str, name: str) -> None:
    """Words of Chinese in valid UTF-8 inside a file of another encoding: two files pasted together."""
    line = 1
    with open_bytes() as stream:
        while block := stream.read(BLOCK) + stream.readline():
            for found in _UTF8_HAN.finditer(block):
                text = found[0].decode("utf-8")
                if any(sum(_is_common(c, of) for c in text) >= 2 for of in ("gb18030", "cp950")):
                    line += block.count(b"\n", 0, found.start())
                    raise _unreadable(name, (line, found[0][:4]), f"{REPORTED.get(codec, codec)} + UTF-8")
            line += block.count(b"\n")


def _ask_charset_normalizer(lines: list[bytes]) -> str | None:
    from charset_normalizer import from_bytes

    guess = from_bytes(b"\n".join(lines[:500])).best()
    return guess.encoding if guess and guess.encoding not in ("ascii", "utf_8") else None
