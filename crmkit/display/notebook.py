"""What is made ready where crmkit is imported in a notebook: a chart of one's own may come before ``set_language``.

Elsewhere importing crmkit changes nothing.
"""

import sys

from . import fonts

if "IPython" in sys.modules:
    fonts.serve()
