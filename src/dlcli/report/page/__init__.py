"""`report.html`: one file that holds all there is to look at, and works without a network.

Pages are made from the files of a folder alone, so that the report of any finished run or
comparison can be written again. Whatever comes from a config or a data file is escaped; a content
security policy keeps the page from loading anything.
"""

from dlcli.report.page.comparison import comparison_page
from dlcli.report.page.run import run_page

__all__ = ["REPORT", "comparison_page", "run_page"]

REPORT = "report.html"
