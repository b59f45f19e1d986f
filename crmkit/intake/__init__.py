"""The data door: a client's export, as it comes, → canonical transactions and a report that reconciles. 数据入口。"""
