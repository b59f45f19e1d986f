"""Text in the encodings of clients' systems: names come out in the right letters, or the file is refused;
never silently others.
"""

import pytest

import crmkit

JAPANESE = [
    ("日付,顧客名,金額", ["佐藤", "鈴木"]),
    ("Date,Customer,Amount", ["山田太郎", "高橋花子", "渡辺美咲"]),
    ("Date,Customer,Amount", ["カフェ東京", "レストラン大阪"]),
    ("取引日時,会員番号,売上金額", ["１０１", "１０２"]),
    ("日付,顧客名,金額", ["ｽｽﾞｷ ｲﾁﾛｳ", "ｻﾄｳ"]),
]
KOREAN = [
    ("주문일,고객명,결제금액", ["김철수", "이영희"]),
    ("주문일,고객번호,결제금액", ["K1", "K2"]),
    ("Date,Customer,Amount", ["스타벅스", "커피빈"]),
]
SIMPLIFIED = [
    ("日期,客户,金额", ["王芳", "李伟"]),
    ("Date,Customer,Amount", ["上海某公司", "Tom"]),
    ("Date,Customer,Amount", ["螺丝刀专营店", "T恤工厂"]),
    ("日期,会员号,金额(元)", ["K1", "K2"]),
]
TRADITIONAL = [
    ("日期,客戶,金額", ["陳先生", "林小姐"]),
    ("Date,Customer,Amount", ["螺絲起子行", "鼎泰豐"]),
]
WESTERN = [
    ("Datum,Kunde (Schlüssel),Betrag", ["A1", "B2"]),
    ("Datum,Kunde,Betrag,Größe", ["A1", "B2"]),
    ("Date,Customer,Amount (£)", ["Tom", "Ann"]),
    ("Date,Customer,Amount,Temp °C", ["Tom", "Ann"]),
    ("Date,Customer,Amount,Volume m³", ["Tom", "Ann"]),
    ("Datum,Kunde,Betrag", ["Ägypten", "Ärzte"]),
    ("Date,Customer,Amount", ["Macy’s", "O’Neill"]),
    ("Date,Customer,Amount", ["Conceição", "Simões", "Muñoz", "Åse Bjørn", "Père", "Zoë"]),
    ("Date,Customer,Amount", ["Þór Guðmundsdóttir", "Sigríður", "Ýr"]),
]
POLISH = [("Data,Customer,Kwota", ["Łukasz", "Żaneta", "Paweł", "Święch"])]
CZECH = [("Datum,Kunde,Betrag", ["Dvořák", "Černý", "Růžička"])]
CROATIAN = [("Date,Customer,Amount", ["Škoda", "Čović", "Đorđe"])]
ROMANIAN = [("Date,Customer,Amount", ["Ştefan", "Ionuţ"])]
TURKISH = [("Date,Customer,Amount", ["Şahin", "Yıldız", "Çağlar", "Işık"])]
BALTIC = [("Date,Customer,Amount", ["Jānis", "Ķēniņš"]), ("Date,Customer,Amount", ["Ąžuolas", "Jurgaitė"])]
OF_A_MAC = [
    ("Date,Client,Montant", ["René", "Zoé", "André"]),
    ("Datum,Kunde,Betrag", ["Müller", "Köhler", "Groß"]),
    ("Fecha,Cliente,Importe", ["Muñoz", "García", "Peña"]),
]
OF_DOS = [("Datum,Kunde,Betrag", ["Müller", "Jäger", "Groß", "Köhler"])]
RUSSIAN = [("Дата,Клиент,Сумма", ["Иванов", "Петров"]), ("Date,Customer,Amount", ["Кузнецов", "Сидоров"])]
GREEK = [("Date,Customer,Amount", ["Παπάς", "Νίκος"])]
HEBREW = [("Date,Customer,Amount", ["כהן", "לוי"])]
ARABIC = [("Date,Customer,Amount", ["محمد", "أحمد"])]

WRITTEN = {
    "cp932": JAPANESE,
    "euc_jp": JAPANESE[:4],
    "cp949": KOREAN,
    "gb18030": SIMPLIFIED,
    "big5": TRADITIONAL,
    "cp1252": WESTERN,
    "cp1250": [*POLISH, *CZECH, *CROATIAN, *ROMANIAN],
    "cp1254": TURKISH,
    "cp1257": BALTIC,
    "mac_roman": OF_A_MAC,
    "cp850": OF_DOS,
    "cp1251": RUSSIAN,
    "koi8_r": RUSSIAN,
    "cp866": RUSSIAN,
    "cp1253": GREEK,
    "cp1255": HEBREW,
    "cp1256": ARABIC,
}
CASES = [(encoding, *text) for encoding, texts in WRITTEN.items() for text in texts]


def written(path, encoding: str, headings: str, names: list[str]):
    more = headings.count(",") - 2
    rows = [f"2024-03-{day:02d},{names[day % len(names)]},{20 + day}.50{',x' * more}" for day in range(1, 25)]
    path.write_bytes("\n".join([headings, *rows, ""]).encode(encoding))
    return path


@pytest.mark.parametrize(("encoding", "headings", "names"), CASES)
def test_names_come_out_in_the_letters_in_which_they_were_written(encoding, headings, names, tmp_path):
    report = crmkit.check_transactions(written(tmp_path / "f.csv", encoding, headings, names))
    assert report.usable and set(report.transactions["customer_id"]) == set(names)
    assert ",".join(report.columns) == headings


@pytest.mark.parametrize(("encoding", "headings", "names"), CASES)
def test_the_same_text_in_utf8_is_utf8(encoding, headings, names, tmp_path):
    report = crmkit.check_transactions(written(tmp_path / "f.csv", "utf-8", headings, names))
    assert report.encoding == "utf-8" and set(report.transactions["customer_id"]) == set(names)


def test_a_heading_in_ascii_is_no_proof_of_an_encoding(tmp_path):
    """Datum and Kunde read alike in all of them: they once made Chinese of the only umlaut of a file."""
    text = ("Belegdatum,Kunde (Schlüssel),Betrag", ["Meier", "Schmidt"])
    report = crmkit.check_transactions(written(tmp_path / "f.csv", "cp1252", *text))
    assert (report.encoding, report.mapping["customer_id"]) == ("cp1252", "Kunde (Schlüssel)")


def test_two_encodings_in_one_file_are_refused(tmp_path):
    first = "日付,顧客名,金額\n2024-03-05,佐藤,5\n".encode("cp932")
    (tmp_path / "f.csv").write_bytes(first + "2024-03-06,王小明李芳,6\n".encode())
    (error,) = crmkit.check_transactions(tmp_path / "f.csv").errors
    assert error["code"] == "unreadable_file"
