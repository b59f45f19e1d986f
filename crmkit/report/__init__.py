"""The report to a company on its customers: what its transactions show,
and the condition under which each sentence may be said.
"""
