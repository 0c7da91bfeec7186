"""Fills in what an export writes only on the first line of an order."""

from connectors.files.header import Header
from connectors.files.lines import Block
from connectors.files.mapping import FileMapping


class FillDown:
    """Copies cells from the first line of an order to its next lines, if empty there.

    Shopify's export, for one: the buyer and the totals stand on an order's first line.
    """

    def __init__(self, key: int, filled: list[int], width: int) -> None:
        self.key = key
        self.filled = filled
        self.width = width
        self.first: list[str] = []

    @classmethod
    def of(cls, mapping: FileMapping, header: Header) -> "FillDown | None":
        """What `fill_down` of the mapping asks for; None if it asks for nothing."""
        if mapping.fill_down is None:
            return None
        key = header.find(mapping.fill_down.same)
        places = [header.find(names) for names in mapping.fill_down.columns]
        assert key is not None  # `header.find` refused the file otherwise.
        filled = [place for place in places if place is not None]
        return cls(key, filled, len(header.names))

    def apply(self, block: Block) -> None:
        """Fill in the cells of a block; blocks come in the order of the file."""
        for cells in block.cells:
            if len(cells) != self.width:
                continue
            if not self.first or cells[self.key] != self.first[self.key]:
                self.first = cells
                continue
            for place in self.filled:
                cells[place] = cells[place] or self.first[place]
