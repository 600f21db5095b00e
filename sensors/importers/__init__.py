"""Foreign files into our own recordings: the same streams, columns and units that live drivers publish.

One file a format; `FORMATS` is their registry. What a file lacks, lost or got wrong is kept and told in a `Summary`.
"""

from sensors.importers.contents import Contents, Options
from sensors.importers.registry import FORMATS, read, sniff
from sensors.importers.summary import Summary, summarise
from sensors.importers.writing import Source, write

__all__ = ["FORMATS", "Contents", "Options", "Source", "Summary", "read", "sniff", "summarise", "write"]
