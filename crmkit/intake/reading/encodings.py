"""Which encoding a text file is in: the whole file is read, never its first kilobyte, and two in one file are refused.

UTF-8 proves itself. The encodings of Chinese, Japanese and Korean decode most of each other's text, so they are
compared by how much of what they decode is common writing: the first rows of their character sets, the characters of
writing.toml, and headings that are known. Those of single bytes are compared by the words that come out: one language
has all the letters of a word, and capitals begin it. Others are asked of charset-normalizer.
"""

import codecs
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

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
REPORTED = {"cp950": "big5", "big5hkscs": "big5", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
# codec -> the charset that holds what is common in its first rows, their lead bytes, those of its signs, its language
_EAST_ASIAN = {
    "gb18030": ("gb2312", range(0xB0, 0xD8), (0xA1, 0xA3), "chinese"),
    "cp950": ("cp950", range(0xA4, 0xC7), (0xA1, 0xA2), "chinese"),
    "big5hkscs": ("cp950", range(0xA4, 0xC7), (0xA1, 0xA2), "chinese"),
    "cp932": ("euc_jp", range(0xB0, 0xD0), (0xA1, 0xA3, 0xA4, 0xA5), "japanese"),
    "euc_jp": ("euc_jp", range(0xB0, 0xD0), (0xA1, 0xA3, 0xA4, 0xA5), "japanese"),
    "cp949": ("euc_kr", range(0xB0, 0xC9), (0xA1, 0xA3), "korean"),
}
_TRIED = "UTF-8, GB18030, Big5, Shift-JIS, EUC-JP, CP949, UTF-16, Windows-1252"
_SURE, _LIKELY = 1.3, 0.9  # a score below it may be an encoding of single bytes; any encoding
_NON_ASCII_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_INSIDE = re.compile(rb"(?<=[A-Za-z])[\x80-\xff](?![\x80-\xff])|(?<=[a-z])[\x80-\xff]{2}(?=[a-z])")
_WORD = re.compile(r"[^\x00-@\[-`{-\x7f]+")  # ASCII letters, and whatever is beyond ASCII
_SIGNS = "“”„«»‹›‘’‚…–—€§°©®™•¿¡\u00a0\ufeff"  # they stand beside words in honest text
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
    scores = {codec: _score(lines, codec) for codec in ("utf-8", *_EAST_ASIAN, "cp1252")}
    best = max(scores, key=scores.get)
    if best == "cp1252" or scores[best] < _SURE:
        best = _by_words(lines) or best
    if scores.get(best, 2) < _LIKELY:
        best = _ask_charset_normalizer(lines) or best
    if best in ("cp950", "big5hkscs"):  # the same writing; they differ in rare characters
        best = next((c for c in ("cp950", "big5hkscs") if _first_failure(open_bytes, c) is None), best)
    if scores.get(best, 2) < 0.2:
        raise _unreadable(name, _first_failure(open_bytes, "utf-8"), _TRIED)
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
    """0…2: how much of the non-ASCII text is common, and frequent, writing when read so;
    one more for a known heading.
    """
    if codec == "cp1252":
        high = sum(len(re.findall(rb"[\x80-\xff]", line)) for line in lines)
        alone = sum(len(_ALONE.findall(line)) for line in lines)
        inside = sum(sum(map(len, _INSIDE.findall(line))) for line in lines)
        return max(1.2 * alone + 0.6 * inside, 1.8 * inside) / max(high, 1)
    whole = [text for line in lines if "\ufffd" not in (text := line.decode(codec, "replace"))]
    high = Counter(c for text in whole for c in text if ord(c) > 0x7F)
    letters = Counter({c: number for c, number in high.items() if c.isalpha()})
    high = letters or high  # signs say something where there is nothing else
    common = sum(number * (2 if codec == "utf-8" else _is_common(c, codec)) for c, number in high.items())
    share = common / max(high.total(), 1) * len(whole) / max(len(lines), 1)
    return share + _has_known_heading(whole)


def _has_known_heading(texts: list[str]) -> bool:
    """Whether a cell of the first lines is a known heading by more than ASCII: that is the same in all encodings."""
    cells = (cell for text in texts[:10] for cell in re.split(r"[,;\t|]", text)[:200] if not cell.isascii())
    forms = {form for cell in cells for form in header_forms(cell.strip('" \r'))[0] if not form.isascii()}
    needed = ("customer_id", "date", "amount", "order_id", "quantity", "unit_price")
    return any(not forms.isdisjoint(vocabulary()[name]) for name in needed)


@cache
def _is_common(char: str, codec: str) -> float:
    """2 for one of the most frequent characters of the language,
    1 for one of the first rows or signs of its charset.
    """
    often = _writing()["often"]
    if char in often["half_width"]:
        return 0.5 * (codec == "cp932")
    charset, first_rows, signs, language = _EAST_ASIAN[codec]
    if char in often[language]:
        return 2
    try:
        lead = char.encode(charset)[0]
    except UnicodeEncodeError:
        return 0
    return int(lead in first_rows or lead in signs)


@cache
def _writing() -> dict:
    return tomllib.loads((Path(__file__).parent / "writing.toml").read_text(encoding="utf-8"))


def _by_words(lines: list[bytes]) -> str | None:
    """Which encoding of single bytes makes words of the text, None where none does;
    Western European unless it is plainly worse.
    """
    shares = {codec: _words_read(lines, codec) for codec in _writing()["letters"]}
    best = max(shares, key=shares.get)
    if shares[best] < shares["cp1252"] + 0.15:
        best = "cp1252"
    return best if shares[best] >= _LIKELY else None


def _words_read(lines: list[bytes], codec: str) -> float:
    """The share of different words of which one language has all letters, when read so;
    one more for a known heading.
    """
    languages = _writing()["languages"][_writing()["letters"][codec]]
    alphabets = [set(letters + letters.upper()) for letters in languages]
    texts = [line.decode(codec, "replace") for line in lines[:SAMPLE_LINES]]
    words = {word.strip(_SIGNS).rstrip("ªº") for text in texts for word in _WORD.findall(text)}
    beyond = [word for word in words if not word.isascii() and word not in ("m²", "m³", "cm³", "µm")]
    beyond = [word for word in beyond if len(word) > 1]
    read = [word for word in beyond if any(_is_written_in(word, letters) for letters in alphabets)]
    share = len(read) / len(beyond) if beyond else codec == "cp1252"  # nothing but signs: £, °C
    return share + _has_known_heading(texts)


def _is_written_in(word: str, letters: set[str]) -> bool:
    """Whether a language has all letters of a word, and its capitals beyond ASCII begin it, or it has no others."""
    if not all(c.isascii() or c in letters or c == "’" for c in word):
        return False
    latin = min(letters) < "\u0300"
    if any(c.isascii() for c in word) != latin:  # letters of Latin stand beside ASCII, others never
        return False
    inner = [c for c in word[1:] if not c.isascii()]
    return word.isupper() or not any(c.isupper() for c in inner)


def _refuse_foreign_utf8(open_bytes, codec: str, name: str) -> None:
    """Words of Chinese in valid UTF-8 inside a file of another encoding: two files pasted together."""
    line = 1
    with open_bytes() as stream:
        while block := stream.read(BLOCK) + stream.readline():
            for found in _UTF8_HAN.finditer(block):
                text = found[0].decode("utf-8")
                if any(sum(_is_common(c, of) > 0 for c in text) >= 2 for of in ("gb18030", "cp950")):
                    line += block.count(b"\n", 0, found.start())
                    raise _unreadable(name, (line, found[0][:4]), f"{REPORTED.get(codec, codec)} + UTF-8")
            line += block.count(b"\n")


def _ask_charset_normalizer(lines: list[bytes]) -> str | None:
    from charset_normalizer import from_bytes

    guess = from_bytes(b"\n".join(lines[:500])).best()
    return guess.encoding if guess and guess.encoding not in ("ascii", "utf_8") else None
