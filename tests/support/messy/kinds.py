"""Kinds of files whose meaning must be told, asked or said, each made from a seed together with the truth about it.

Every kind has files in which several readings fit (a question must come, and one of its readings must be the truth) or
one fits that is not the plain one (it must be taken), and the mirror image in which the plain reading is the only one:
nothing may be asked, and the total must be right.
"""

import csv
import datetime as dt
import io
import random
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass
class Made:
    """A file as text, and what is true of it: its total, and the question that must be asked (None: none may be)."""

    text: str
    total: Decimal
    asked: str | None = None
    note: str | None = None
    refused: str | None = None
    rows: int | None = None


@dataclass
class Sale:
    order: str
    customer: str
    date: dt.date
    amount: Decimal
    more: dict = field(default_factory=dict)


KINDS = {}


def kind(function):
    """A kind: ``function(rng, mirror)`` makes one file."""
    KINDS[function.__name__] = function
    return function


def text_of(header, rows, delimiter=",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def sales(rng: random.Random, count: int | None = None) -> list[Sale]:
    """Sales of a small shop: customers come back, amounts have cents, days go on for some months."""
    count = count or rng.randint(20, 60)
    first = dt.date(2023, 1, 1) + dt.timedelta(days=rng.randrange(300))
    people = [f"C{number:04d}" for number in rng.sample(range(1, 2000), max(4, count // 4))]
    made = []
    for place in range(count):
        cents = rng.randrange(501, 90_000)
        cents += cents % 100 == 0  # some amount has cents
        day = first + dt.timedelta(days=rng.randrange(200))
        made.append(Sale(f"SO{place + 1:05d}", rng.choice(people), day, Decimal(cents) / 100))
    made.sort(key=lambda sale: sale.date)
    return made


def total_of(rows) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0)).quantize(CENT)


def headings(rng: random.Random, *names: str) -> list[str]:
    """The columns in Chinese or in English."""
    words = {
        "order": ("订单编号", "Order ID"),
        "customer": ("客户编号", "Customer ID"),
        "date": ("下单日期", "Order Date"),
        "amount": ("实付金额", "Amount"),
        "quantity": ("数量", "Quantity"),
        "price": ("单价", "Unit Price"),
        "product": ("商品名称", "Product"),
    }
    language = rng.randrange(2)
    return [words[name][language] for name in names]


@kind
def states_of_orders(rng, mirror):
    rows, lost = (
        sales(rng),
        rng.choice(["交易关闭", "已取消", "待付款", "已退款", "Cancelled", "Refunded", "Failed", "Pending"]),
    )
    good = "交易成功" if "\u4e00" <= lost[0] <= "\u9fff" else "Completed"
    other = "已发货" if good == "交易成功" else "Shipped"
    states = [good if rng.random() < 0.7 else other for _ in rows]
    if not mirror:
        for place in rng.sample(range(len(rows)), max(2, len(rows) // 8)):
            states[place] = lost
    head = [
        *headings(rng, "order", "customer", "date", "amount"),
        rng.choice(["订单状态", "Status", "交易状态", "Order Status"]),
    ]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, s] for r, s in zip(rows, states)])
    counted = [r for r, s in zip(rows, states) if s != lost]
    return Made(text, total_of(counted), None if mirror else "status")


@kind
def numbered_states(rng, mirror):
    rows = sales(rng)
    states = [1 if mirror or rng.random() < 0.8 else rng.choice([0, 2]) for _ in rows]
    if not mirror:
        states[0] = 0
    head = [*headings(rng, "order", "customer", "date", "amount"), rng.choice(["order_status", "订单状态"])]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, s] for r, s in zip(rows, states)])
    return Made(text, total_of([r for r, s in zip(rows, states) if s == 1]), None if mirror else "status")


@kind
def returns_by_their_document(rng, mirror):
    rows = sales(rng)
    sold, back = rng.choice(
        [("销售", "销售退货"), ("销售出库单", "退货单"), ("Invoice", "Credit note"), ("Sale", "Return")]
    )
    kinds = [back if rng.random() < 0.15 else sold for _ in rows]
    kinds[1] = back
    signed = [-r.amount if k == back else r.amount for r, k in zip(rows, kinds)]
    shown = signed if mirror else [abs(amount) for amount in signed]
    head = [
        *headings(rng, "order", "customer", "date", "amount"),
        rng.choice(["单据类型", "Transaction Type", "业务类型"]),
    ]
    text = text_of(head, [[r.order, r.customer, r.date, a, k] for r, a, k in zip(rows, shown, kinds)])
    return Made(text, sum(signed, Decimal(0)), note=None if mirror else "document")


def _orders_with_lines(rng):
    """Orders of one to four lines: (order, customer, day, quantity, price) with different prices in an order."""
    lines = []
    for sale in sales(rng, rng.randint(12, 30)):
        for price in rng.sample(range(300, 9000), rng.randint(1, 4)):
            lines.append((sale.order, sale.customer, sale.date, rng.randint(1, 5), Decimal(price) / 100))
    return lines


@kind
def kinds_that_are_called_return(rng, mirror):
    """New and Return in a column of types: of customers, or of documents? The mirror image says Sale and New."""
    rows = sales(rng)
    other = "Sale" if mirror else "Return"
    kinds = [rng.choice(["New", other]) for _ in rows]
    kinds[0], kinds[1] = "New", other
    head = [*headings(rng, "order", "customer", "date", "amount"), "Type"]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, k] for r, k in zip(rows, kinds)])
    return Made(text, total_of(rows), None if mirror else "document")


@kind
def order_totals_beside_lines(rng, mirror):
    lines = _orders_with_lines(rng)
    totals: dict[str, Decimal] = {}
    for order, _, _, quantity, price in lines:
        totals[order] = totals.get(order, Decimal(0)) + quantity * price
    head = headings(rng, "order", "customer", "date", "product", "quantity", "price", "amount")
    table = []
    for order, customer, day, quantity, price in lines:
        amount = quantity * price if mirror else totals[order]
        table.append([order, customer, day, f"P{rng.randrange(30)}", quantity, price, amount])
    several = len(lines) > len(totals)
    return Made(
        text_of(head, table), sum(totals.values()), note=None if mirror or not several else "order_total"
    )


@kind
def order_totals_alone(rng, mirror):
    lines = _orders_with_lines(rng)
    several = len(lines) > len({line[0] for line in lines})
    totals: dict[str, Decimal] = {}
    for order, *_ in lines:
        totals.setdefault(order, Decimal(rng.randrange(1001, 90_000)) / 100)
    head = headings(rng, "order", "customer", "date", "product", "amount")
    table, total = [], Decimal(0)
    for place, (order, customer, day, _, price) in enumerate(lines):
        amount = price if mirror else totals[order]
        total += price if mirror else 0
        table.append([order, customer, day, f"P{place}", amount])
    if mirror:
        return Made(text_of(head, table), total)
    return Made(text_of(head, table), sum(totals.values()), "order_total" if several else None)


@kind
def nobody_in_particular(rng, mirror):
    rows = sales(rng, rng.randint(40, 60))
    name = rng.choice(["散客", "零售客户", "匿名", "游客", "guest", "Walk-in", "GUEST", "anonymous", "00000"])
    if name == "00000":
        for row in rows:
            row.customer = row.customer.replace("C", "71")
    few = rng.random() < 0.5
    if not mirror:
        for place in rng.sample(range(len(rows)), 2 if few else len(rows) // 3):
            rows[place].customer = name
    out = [r for r in rows if r.customer == name]
    kept = [r for r in rows if r.customer != name]
    many = len(out) > 0.1 * len(rows) or sum(r.amount for r in out) > Decimal("0.1") * sum(
        r.amount for r in rows
    )
    head = headings(rng, "customer", "date", "amount")
    text = text_of(head, [[r.customer, r.date, r.amount] for r in rows])
    if mirror:
        return Made(text, total_of(rows))
    return Made(text, total_of(kept), "nobody" if many else None, None if many else "nobody")


@kind
def day_or_month_first(rng, mirror):
    rows, style = sales(rng), rng.choice(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"])
    for row in rows:
        row.date = row.date.replace(day=rng.randint(1, 12))
    rows[0].date = rows[0].date.replace(month=3, day=4)
    if mirror:
        rows[3].date = rows[3].date.replace(day=rng.randint(13, 28))
    head = headings(rng, "customer", "date", "amount")
    text = text_of(head, [[r.customer, r.date.strftime(style), r.amount] for r in rows])
    return Made(text, total_of(rows), None if mirror else "ambiguous_dates")


@kind
def half_swapped_dates(rng, mirror):
    rows = sales(rng)
    rows[0].date, rows[1].date = dt.date(2023, 3, 5), dt.date(2023, 7, 19)
    rows[2].date, rows[3].date = dt.date(2023, 4, 6), dt.date(2023, 5, 9)
    cells = []
    for row in rows:
        if mirror or row.date.day > 12:
            cells.append(str(row.date) if mirror else f"{row.date:%d/%m/%Y}")
        else:
            cells.append(f"{row.date.year}-{row.date.day:02d}-{row.date.month:02d} 00:00:00")
    head = headings(rng, "customer", "date", "amount")
    text = text_of(head, [[r.customer, c, r.amount] for r, c in zip(rows, cells)])
    return Made(text, total_of(rows), None if mirror else "swapped")


@kind
def dates_far_outside(rng, mirror):
    rows = sales(rng)
    if mirror:
        for row in rows:  # a few customers, over many years, evenly
            row.date = dt.date(2005, 1, 1) + dt.timedelta(days=rng.randrange(365 * 15))
        text = text_of(
            headings(rng, "customer", "date", "amount"), [[r.customer, r.date, r.amount] for r in rows]
        )
        return Made(text, total_of(rows))
    default = rng.random() < 0.5
    rows[-1].date = dt.date(1970, 1, 1) if default else dt.date(rng.choice([2042, 2099, 1999]), 3, 15)
    text = text_of(
        headings(rng, "customer", "date", "amount"), [[r.customer, r.date, r.amount] for r in rows]
    )
    return Made(
        text,
        total_of(rows[:-1]),
        None if default else "date_outliers",
        "date_placeholders" if default else None,
    )


@kind
def other_calendars(rng, mirror):
    rows = sales(rng)
    ways = [
        (lambda d: f"{d.year - 1911}/{d.month:02d}/{d.day:02d}", "roc_years"),
        (lambda d: f"民國{d.year - 1911}年{d.month}月{d.day}日", "roc_years"),
        (lambda d: int(dt.datetime(d.year, d.month, d.day, 9, tzinfo=dt.UTC).timestamp()), "epoch_times"),
        (
            lambda d: int(dt.datetime(d.year, d.month, d.day, 9, tzinfo=dt.UTC).timestamp()) * 1000,
            "epoch_times",
        ),
    ]
    write, note = (str, None) if mirror else rng.choice(ways)
    text = text_of(
        headings(rng, "customer", "date", "amount"), [[r.customer, write(r.date), r.amount] for r in rows]
    )
    return Made(text, total_of(rows), note=note)


@kind
def points_for_thousands(rng, mirror):
    rows = sales(rng)
    for row in rows:
        row.amount = Decimal(rng.randrange(1_001, 99_999))
    shown = [f"{int(r.amount):,}".replace(",", ".") for r in rows]
    if mirror:
        rows[0].amount += Decimal("0.50")
        shown[0] += ",50"
    head = headings(rng, "customer", "date", "amount")
    text = text_of(head, [[r.customer, r.date, s] for r, s in zip(rows, shown)], delimiter=";")
    return Made(text, total_of(rows), None if mirror else "decimal_mark")


@kind
def prices_of_lines(rng, mirror):
    prices = {f"P{number}": Decimal(rng.randrange(300, 9000)) / 100 for number in range(4)}
    table, total = [], Decimal(0)
    for sale in sales(rng, rng.randint(30, 60)):
        product, quantity = rng.choice(sorted(prices)), rng.randint(1, 5)
        each = prices[product]
        total += each * quantity
        table.append([sale.customer, sale.date, product, quantity, each if mirror else each * quantity])
    head = headings(rng, "customer", "date", "product", "quantity", "price")
    return Made(text_of(head, table), total, note=None if mirror else "price_is_total")


@kind
def amounts_that_are_pieces(rng, mirror):
    table, total = [], Decimal(0)
    for sale in sales(rng):
        price, pieces = Decimal(rng.randrange(450, 9000)) / 100, rng.randint(1, 9)
        total += price * pieces
        table.append([sale.customer, sale.date, price * pieces if mirror else pieces, price])
    head = headings(rng, "customer", "date", "amount", "price")
    return Made(text_of(head, table), total, None if mirror else "pieces")


@kind
def discounts_beside_lines(rng, mirror):
    table, gross, off = [], Decimal(0), Decimal(0)
    zero = mirror and rng.random() < 0.5
    for sale in sales(rng):
        price, quantity = Decimal(rng.randrange(1000, 9000)) / 100, rng.randint(1, 5)
        discount = Decimal(0) if zero else Decimal(rng.randrange(0, 500)) / 100
        gross, off = gross + price * quantity, off + discount
        row = [sale.customer, sale.date, f"P{rng.randrange(9)}-{price}", quantity, price, discount]
        table.append([*row, price * quantity - discount] if mirror else row)
    head = [
        *headings(rng, "customer", "date", "product", "quantity", "price"),
        rng.choice(["优惠金额", "Discount Amount"]),
    ]
    if mirror:
        head += ["实付金额"]
    return Made(text_of(head, table), gross - off, None if mirror else "discount")


@kind
def rates_of_discount(rng, mirror):
    table, total = [], Decimal(0)
    paid_shares = rng.random() < 0.5  # 折扣 0.9 is 九折, Discount 10% is a tenth off
    for sale in sales(rng):
        price, quantity = Decimal(rng.randrange(1000, 9000)) / 100, rng.randint(1, 5)
        off = Decimal(rng.choice([0, 0, 5, 10, 20])) / 100
        net = price * quantity * (1 - off)
        total += net
        rate = str(1 - off) if paid_shares else f"{int(off * 100)}%"
        row = [sale.customer, sale.date, f"P{rng.randrange(9)}-{price}", quantity, price, rate]
        table.append([*row, net] if mirror else row)
    head = [
        *headings(rng, "customer", "date", "product", "quantity", "price"),
        "折扣" if paid_shares else "Discount %",
    ]
    if mirror:
        head += ["实付金额"]
    total = total.quantize(CENT, ROUND_HALF_UP)  # rounded once
    return Made(text_of(head, table), total, None if mirror else "discount")


@kind
def refunds_beside_amounts(rng, mirror):
    rows = sales(rng)
    refunded = [Decimal(0) if mirror or rng.random() < 0.8 else r.amount for r in rows]
    if not mirror:
        refunded[2] = rows[2].amount
    head = [
        *headings(rng, "order", "customer", "date", "amount"),
        rng.choice(["退款金额", "Amount Refunded"]),
    ]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, b] for r, b in zip(rows, refunded)])
    return Made(text, total_of(rows) - sum(refunded), None if mirror else "refund")


@kind
def cards_topped_up(rng, mirror):
    rows = sales(rng)
    kinds = ["消费" if mirror or rng.random() < 0.7 else "充值" for _ in rows]
    if not mirror:
        kinds[0], kinds[1] = "充值", "消费"
    head = ["会员卡号", "交易时间", "交易类型", "交易金额"]
    text = text_of(head, [[r.customer, r.date, k, r.amount] for r, k in zip(rows, kinds)])
    return Made(text, total_of([r for r, k in zip(rows, kinds) if k == "消费"]), None if mirror else "topup")


@kind
def money_in_and_out(rng, mirror):
    rows = sales(rng)
    ways = ["收入" if mirror or rng.random() < 0.6 else "支出" for _ in rows]
    if not mirror:
        ways[0], ways[1] = "支出", "收入"
    head = ["交易时间", "对方账号", "收/支", "金额"]
    text = text_of(head, [[r.date, r.customer, w, r.amount] for r, w in zip(rows, ways)])
    return Made(
        text, total_of([r for r, w in zip(rows, ways) if w == "收入"]), None if mirror else "direction"
    )


@kind
def kinds_of_customers(rng, mirror):
    rows = sales(rng)
    values = [r.customer if mirror else rng.choice(["New", "Returning"]) for r in rows]
    values[0] = values[0] if mirror else "New"
    values[1] = values[1] if mirror else "Returning"
    text = text_of(
        ["Order No", "Order Date", "Customer", "Total"],
        [[r.order, r.date, v, r.amount] for r, v in zip(rows, values)],
    )
    return Made(text, total_of(rows), refused=None if mirror else "customer_kinds")


@kind
def cashiers(rng, mirror):
    rows = sales(rng)
    values = [
        r.customer if mirror else f"{rng.choice(['cashier', 'POS', '收银员'])}{rng.randint(1, 3)}"
        for r in rows
    ]
    text = text_of(
        ["Receipt No", "Date", "User", "Total"],
        [[r.order, r.date, v, r.amount] for r, v in zip(rows, values)],
    )
    return Made(text, total_of(rows), None if mirror else "staff")


@kind
def customers_of_one_order(rng, mirror):
    rows = sales(rng)
    ids = [r.customer if mirror else r.order for r in rows]
    text = text_of(
        ["订单号", "用户ID", "下单时间", "金额"], [[r.order, i, r.date, r.amount] for r, i in zip(rows, ids)]
    )
    return Made(text, total_of(rows), None if mirror else "customer_per_order")


@kind
def totals_of_days(rng, mirror):
    rows, table = sales(rng), []
    days: dict = {}
    for row in rows:
        days.setdefault(row.date, []).append(row)
    label = rng.choice(["当日合计", "小计", "Daily total", "合计"])
    for day, sold in days.items():
        table += [[r.date, r.customer, r.amount] for r in sold]
        if not mirror:
            table.append([day, label, total_of(sold)])
    head = headings(rng, "date", "customer", "amount")
    return Made(text_of(head, table), total_of(rows))


@kind
def balances_and_payments(rng, mirror):
    rows = sales(rng)
    table = [[r.customer, r.date, "销售", r.amount] for r in rows]
    opening = not mirror and rng.random() < 0.5
    if opening:
        table.insert(0, [rows[0].customer, rows[0].date, rng.choice(["期初余额", "上期结转"]), "500.00"])
    elif not mirror:
        table.append([rows[0].customer, rows[-1].date, "收款", "100.00"])
    text = text_of(["客户编号", "日期", "业务类型", "金额"], table)
    return Made(text, total_of(rows), note=None if mirror else "opening" if opening else "payments")


@kind
def thousands_without_quotes(rng, mirror):
    rows = sales(rng)
    lines = ["客户,日期,金额,备注"]
    for place, row in enumerate(rows):
        row.amount = Decimal(rng.randrange(100_000, 900_000)) / 100 if place % 3 == 0 else row.amount
        if mirror:
            lines.append(
                f"{row.customer},{row.date},{row.amount},{rng.randrange(100, 999) if place % 2 else ''}"
            )
        else:
            cell = f"{row.amount:,.2f}" + ("" if row.amount >= 1000 else ",")
            lines.append(f"{row.customer},{row.date},{cell}")
    return Made("\n".join(lines) + "\n", total_of(rows), None if mirror else "thousands")


@kind
def both_negative(rng, mirror):
    table, total = [], Decimal(0)
    for place, sale in enumerate(sales(rng)):
        price, quantity = Decimal(rng.randrange(450, 9000)) / 100, rng.randint(1, 5)
        back = place % 7 == 3
        total += -price * quantity if back else price * quantity
        shown = -price if back and not mirror else price
        table.append([sale.customer, sale.date, f"P{place}", -quantity if back else quantity, shown])
    head = headings(rng, "customer", "date", "product", "quantity", "price")
    return Made(text_of(head, table), total, note=None if mirror else "double_negative")


@kind
def much_set_aside(rng, mirror):
    rows = sales(rng, 60)
    out = rng.sample(range(60), 3 if mirror else rng.randint(10, 40))
    table = [["" if place in out else r.customer, r.date, Decimal("10.01")] for place, r in enumerate(rows)]
    head = headings(rng, "customer", "date", "amount")
    return Made(text_of(head, table), Decimal("10.01") * (60 - len(out)), None if mirror else "set_aside")


@kind
def tables_side_by_side(rng, mirror):
    rows = sales(rng, 30)
    head = headings(rng, "customer", "date", "amount")
    left, right = rows[:15], rows[15:]
    if mirror:
        return Made(
            text_of([*head, "备注"], [[r.customer, r.date, r.amount, ""] for r in rows]), total_of(rows)
        )
    table = [[a.customer, a.date, a.amount, "", b.customer, b.date, b.amount] for a, b in zip(left, right)]
    return Made(text_of([*head, "", *head], table), total_of(rows), "side_by_side")


@kind
def one_more_heading(rng, mirror):
    rows = sales(rng, 40)
    head = headings(rng, "customer", "date", "amount")
    table = [[r.customer, r.date, r.amount] for r in rows]
    if mirror:
        return Made(text_of(head, table), total_of(rows), rows=40)
    again = [*head, "订单号"]
    table = [*table[:20], again, *([*cells, f"A{place}"] for place, cells in enumerate(table[20:]))]
    return Made(text_of(head, table), total_of(rows), rows=41)


@kind
def open_quotes(rng, mirror):
    rows, lines = sales(rng), ["customer_id,date,product,amount"]
    broken = rng.randrange(2, len(rows) // 2)
    for place, row in enumerate(rows):
        product = (
            '"Tea, green"'
            if mirror
            else '"Tea'
            if place == broken
            else '"Cup"'
            if place == broken + 3
            else "Pot"
        )
        lines.append(f"{row.customer},{row.date},{product},{row.amount}")
    return Made("\n".join(lines) + "\n", total_of(rows), refused=None if mirror else "unreadable_file")


@kind
def ids_that_are_alike(rng, mirror):
    rows = sales(rng)
    if not mirror:
        name = rows[0].customer
        for row, other in zip(rows[1:4], (name.lower(), name[0] + "-" + name[1:], name)):
            row.customer = other
    text = text_of(
        headings(rng, "customer", "date", "amount"), [[r.customer, r.date, r.amount] for r in rows]
    )
    return Made(text, total_of(rows), note=None if mirror else "ids_alike")


@kind
def flags_of_sales(rng, mirror):
    heading, good, bad, code = rng.choice(
        [
            ("Paid", "Yes", "No", "sale_flag"),
            ("是否付款", "是", "否", "sale_flag"),
            ("Captured", "true", "false", "sale_flag"),
            ("Void", "", "X", "void_flag"),
            ("IsDeleted", "0", "1", "void_flag"),
            ("是否作废", "否", "是", "void_flag"),
            ("Test order", "", "true", "void_flag"),
        ]
    )
    rows = sales(rng)
    lost = [not mirror and rng.random() < 0.15 for _ in rows]
    lost[3] = not mirror
    head = [*headings(rng, "order", "customer", "date", "amount"), heading]
    text = text_of(
        head, [[r.order, r.customer, r.date, r.amount, bad if out else good] for r, out in zip(rows, lost)]
    )
    counted = [r for r, out in zip(rows, lost) if not out]
    return Made(text, total_of(counted), None if mirror else code)


@kind
def offers_beside_invoices(rng, mirror):
    heading, sold, offered = rng.choice(
        [
            ("Type", "Invoice", "Quote"),
            ("Document Type", "Sale", "Void"),
            ("单据类型", "销售订单", "报价单"),
            ("Belegart", "Rechnung", "Angebot"),
        ]
    )
    rows = sales(rng)
    lost = [not mirror and rng.random() < 0.15 for _ in rows]
    lost[3] = not mirror
    head = [*headings(rng, "order", "customer", "date", "amount"), heading]
    text = text_of(
        head,
        [[r.order, r.customer, r.date, r.amount, offered if out else sold] for r, out in zip(rows, lost)],
    )
    counted = [r for r, out in zip(rows, lost) if not out]
    return Made(text, total_of(counted), None if mirror else "no_sale")


@kind
def refunds_by_any_name(rng, mirror):
    """The mirror image holds what looks like refunds by its heading and is none: reasons, rates, numbers of pieces."""
    rows = sales(rng)
    back = [Decimal(0) if rng.random() < 0.8 else r.amount for r in rows]
    back[2] = rows[2].amount
    named = [
        "Refund",
        "Returned",
        "售后退款金额",
        "全部商品已退款金额",
        "実返金額",
        "Remboursement",
        "退款合计",
    ]
    others = ["退款率", "退货件数", "Refund days", "Return rate"]
    heading = rng.choice(others if mirror else named)
    said = [rng.randrange(3) for _ in rows] if mirror else back
    head = [*headings(rng, "order", "customer", "date", "amount"), heading]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, b] for r, b in zip(rows, said)])
    return Made(text, total_of(rows) - (0 if mirror else sum(back)), None if mirror else "refund")


@kind
def refunds_in_rows_of_their_own(rng, mirror):
    rows = sales(rng)
    back = [] if mirror else [(r, Decimal(rng.randrange(1, 500)) / 100) for r in rng.sample(rows, 4)]
    head = [*headings(rng, "order", "customer", "date", "amount"), rng.choice(["退款金额", "Refund"])]
    table = [[r.order, r.customer, r.date, r.amount, 0] for r in rows]
    table += [[r.order, r.customer, r.date + dt.timedelta(days=3), 0, money] for r, money in back]
    total = total_of(rows) - sum(money for _, money in back)
    return Made(text_of(head, table), total, note=None if mirror else "refund_rows")


@kind
def quantities_below_zero(rng, mirror):
    """In the mirror image the amount has the sign of the quantity."""
    rows = sales(rng)
    back = [rng.random() < 0.15 for _ in rows]
    back[3] = True
    table = []
    for r, returned in zip(rows, back):
        amount = -r.amount if returned and mirror else r.amount
        table.append([r.order, r.customer, r.date, -1 if returned else 1, amount])
    total = total_of(rows) - 2 * sum(r.amount for r, returned in zip(rows, back) if returned)
    head = headings(rng, "order", "customer", "date", "quantity", "amount")
    return Made(text_of(head, table), total, None if mirror else "negative_quantity")


@kind
def rows_pasted_twice(rng, mirror):
    """The mirror image holds orders of several lines, two of which happen to be the same."""
    rows = sales(rng)
    table = [[r.order, r.customer, r.date, r.amount] for r in rows]
    total = total_of(rows)
    if mirror:
        more = [[r.order, r.customer, r.date, r.amount + rng.randint(1, 9)] for r in rows]
        table += [*more, *more[:2]]
        total = sum((line[3] for line in table), Decimal(0))
    else:
        table += table
    head = headings(rng, "order", "customer", "date", "amount")
    return Made(text_of(head, table), total, None if mirror else "copies")


@kind
def signs_of_money(rng, mirror):
    rows = sales(rng)
    known = ["₦", "S/", "RON ", "Ft ", "KSh", "€", "R$", "₸", "CHF "]
    sign = rng.choice(known) if mirror else rng.choice(["Q", "Bs. ", "XQ ", "Zk ", "Ł"])
    behind = rng.random() < 0.3
    said = [f"{r.amount} {sign.strip()}" if behind else f"{sign}{r.amount}" for r in rows]
    head = headings(rng, "order", "customer", "date", "amount")
    text = text_of(head, [[r.order, r.customer, r.date, money] for r, money in zip(rows, said)])
    return Made(text, total_of(rows), None if mirror else "currency_sign")


@kind
def states_in_other_words(rng, mirror):
    """States in the languages of Europe and Japan, and Closed at a till."""
    rows = sales(rng)
    heading, sold, lost = rng.choice(
        [
            ("Status", "Bezahlt", "Storniert"),
            ("Statut", "Payée", "Annulée"),
            ("Estado del pedido", "Entregado", "Cancelado"),
            ("Stato ordine", "Pagato", "Annullato"),
            ("ステータス", "完了", "キャンセル"),
            ("阶段", "赢单", "输单"),
            ("Sale status", "Closed", "Parked"),
        ]
    )
    odd = [] if mirror else rng.sample(range(len(rows)), max(2, len(rows) // 10))
    cells = [lost if place in odd else sold for place in range(len(rows))]
    head = [*headings(rng, "order", "customer", "date", "amount"), heading]
    text = text_of(head, [[r.order, r.customer, r.date, r.amount, c] for r, c in zip(rows, cells)])
    kept = [row for place, row in enumerate(rows) if place not in odd]
    return Made(text, total_of(kept), None if mirror else "status")


@kind
def plans_beside_what_happened(rng, mirror):
    rows = sales(rng)
    heading, planned, actual = rng.choice([("版本", "预算", "实际"), ("Scenario", "Budget", "Actual")])
    table = [[r.order, r.customer, r.date, r.amount, actual] for r in rows]
    if not mirror:
        table += [[f"P{r.order}", r.customer, r.date, r.amount + 7, planned] for r in rows]
    text = text_of([*headings(rng, "order", "customer", "date", "amount"), heading], table)
    return Made(text, total_of(rows), None if mirror else "scenario")


@kind
def subtotals_among_the_products(rng, mirror):
    """A row named 小计 with a date and a customer; the mirror image is a product whose name begins so."""
    rows, table, label = sales(rng), [], rng.choice(["小计", "合计", "Subtotal", "Total"])
    since = Decimal(0)
    for place, row in enumerate(rows, 1):
        product = f"Total Care {place % 3}" if mirror else f"Product {place % 7}"
        table.append([row.date, row.customer, product, row.amount])
        since += row.amount
        if not mirror and (place % 6 == 0 or place == len(rows)):
            table.append([row.date, row.customer, label, since])
            since = Decimal(0)
    head = headings(rng, "date", "customer", "product", "amount")
    return Made(text_of(head, table), total_of(rows), note=None if mirror else "labelled_totals")


@kind
def sums_at_the_end_of_each_customer(rng, mirror):
    """Nothing names them; the mirror image misses each sum by a cent."""
    table, total = [], Decimal(0)
    for customer in range(rng.randint(4, 9)):
        mine = sales(rng, rng.randint(4, 9))
        table += [[row.date, f"C{customer}", row.amount] for row in mine]
        last = total_of(mine) + (CENT if mirror else 0)
        table.append([mine[-1].date, f"C{customer}", last])
        total += total_of(mine) + (last if mirror else 0)
    head = headings(rng, "date", "customer", "amount")
    return Made(text_of(head, table), total, None if mirror else "subtotals")


@kind
def orders_with_their_payments(rng, mirror):
    """Each order's money once as the order and once as its payment; in the mirror image the kinds are of goods."""
    heading, words = rng.choice([("Record", ("Order head", "Money taken")), ("行别", ("订单头", "收讫"))])
    words = ("Tea", "Cup") if mirror else words
    table, total = [], Decimal(0)
    for row in sales(rng):
        for word in words:
            amount = row.amount if word != "Cup" else row.amount + rng.randint(1, 9)
            table.append([row.order, row.customer, row.date, word, amount])
            total += amount if mirror or word == words[0] else 0
    head = headings(rng, "order", "customer", "date", "amount")
    text = text_of([*head[:3], heading, head[3]], table)
    return Made(text, total, None if mirror else "kinds_repeat")


@kind
def orders_in_two_versions(rng, mirror):
    """Some orders stand there again, corrected;
    in the mirror image the version is 1 everywhere and orders are single.
    """
    rows = sales(rng)
    table = [[row.order, row.customer, row.date, row.amount, 1] for row in rows]
    total = total_of(rows)
    if not mirror:
        for row in rng.sample(rows, 5):
            table.append([row.order, row.customer, row.date, row.amount - CENT, 2])
            total -= CENT
    head = [
        *headings(rng, "order", "customer", "date", "amount"),
        rng.choice(["Version", "版本", "Revision"]),
    ]
    return Made(text_of(head, table), total, None if mirror else "versions")


@kind
def rows_that_name_another_order(rng, mirror):
    """A reversal names the order that it takes back; in the mirror image the column names vouchers."""
    rows = sales(rng)
    back = rng.sample(rows, 2)
    table = [[row.order, row.customer, row.date, row.amount, ""] for row in rows]
    total = total_of(rows)
    for place, row in enumerate(back):
        named = f"V{place:05d}" if mirror else row.order
        table.append([f"RE{place:05d}", row.customer, row.date, row.amount, named])
        total += row.amount if mirror else -row.amount
    head = [
        *headings(rng, "order", "customer", "date", "amount"),
        rng.choice(["Reference", "原单号", "关联单号"]),
    ]
    return Made(text_of(head, table), total, None if mirror else "references")


@kind
def months_without_days(rng, mirror):
    """Bills name the month alone; the mirror image the day too."""
    rows = sales(rng)
    written = "%Y-%m-%d" if mirror else rng.choice(["%Y-%m", "%Y/%m", "%Y%m"])
    table = [[row.customer, row.date.strftime(written), row.amount] for row in rows]
    head = headings(rng, "customer", "date", "amount")
    return Made(text_of(head, table), total_of(rows), None if mirror else "months_only")


@kind
def a_row_of_units(rng, mirror):
    """Below the headings stands what the amounts are in: 万元, or in the mirror image 元."""
    rows = sales(rng)
    unit, factor = ("元", 1) if mirror else rng.choice([("万元", 10_000), ("千元", 1000), ("('000)", 1000)])
    table = [["", "", unit], *[[row.customer, row.date, row.amount] for row in rows]]
    head = headings(rng, "customer", "date", "amount")
    return Made(text_of(head, table), total_of(rows) * factor, note=None if mirror else "multiplied")
