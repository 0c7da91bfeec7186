"""What stands opposite each connector: a busy double, and the settings to read it."""

from flows.bench.connectors.stands.accounts import ACCOUNTS
from flows.bench.connectors.stands.shops import SHOPS
from flows.bench.connectors.stands.stand import UNTIL, Stand, since

__all__ = ["STANDS", "UNTIL", "Stand", "since"]

STANDS = (*SHOPS, *ACCOUNTS)
