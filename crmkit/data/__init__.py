"""Data: the data sets, and what is computed over transactions. 数据集，以及由流水算出的一切。"""
