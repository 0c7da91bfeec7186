"""A mail server to look into: every message it took becomes a file that opens."""

import argparse
from pathlib import Path
from threading import Event

from connectors.sandbox.mail import MailDouble, key_of


class Letterbox(MailDouble):
    """Keeps each message in `folder` as <key>.eml, as it was received."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port, keep=False)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, sender: str, recipient: str, content: bytes) -> int:
        """Accept the message and write it down before saying so."""
        number = super().take(sender, recipient, content)
        key = key_of(content) or f"without-key-{number}"
        (self.folder / f"{key}.eml").write_bytes(content)
        return number


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8725)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    with Letterbox(given.port, given.folder) as mailbox:
        print(f"A mail server at 127.0.0.1:{mailbox.port}", flush=True)
        try:
            Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
