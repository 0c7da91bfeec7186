"""The way out that readers of marketing mail see: in its words, or in a line beneath.

List-Unsubscribe is for mail programs; this is for people. Law asks for it in every
marketing mail, so a letter whose words do not show the link gets it here.
"""

import re
from dataclasses import dataclass

from markupsafe import escape

VARIABLE = "unsubscribe_url"
"""What words call the link, where they place it themselves."""
EXAMPLE = "https://shop.example/unsubscribe/sample"
"""Stands for the link where no account is known that would make one."""
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PARAGRAPH = (
    '<p style="margin:0;padding:0 12px 32px 12px;text-align:center;font-size:13px;'
    "line-height:1.6;font-family:-apple-system,'Segoe UI','PingFang SC',"
    "'Microsoft YaHei',Helvetica,Arial,sans-serif;color:#8a8177;\">"
)
ANCHOR = '<a href="{link}" style="color:#8a8177;">'
END = "</body>"


@dataclass(frozen=True, slots=True)
class WayOut:
    """The line of one language, as text and as HTML; `{link}` stands for the link."""

    text: str
    html: str

    def beneath_text(self, words: str, link: str) -> str:
        """The words, with the line beneath them unless they show the link."""
        return words if link in words else words + self.text.replace("{link}", link)

    def beneath_html(self, words: str, link: str) -> str:
        """The same for HTML: the line is the last one of the body."""
        written = str(escape(link))
        if written in words:
            return words
        line = self.html.replace("{link}", written)
        before, end, after = words.rpartition(END)
        return f"{before}{line}{end}{after}" if end else words + line


ENGLISH = WayOut(
    "\n--\nYou would rather not get mail like this? Unsubscribe:\n{link}\n",
    f"{PARAGRAPH}You would rather not get mail like this? {ANCHOR}Unsubscribe</a></p>",
)
MANDARIN = WayOut(
    "\n--\n不想再收到这类邮件？点此退订：\n{link}\n",
    f"{PARAGRAPH}不想再收到这类邮件？{ANCHOR}点此退订</a></p>",
)


def of(language: str, source: str) -> WayOut:
    """The line for words in `language`; "" (everybody else's): as they are written."""
    is_chinese = language.startswith("zh") or (
        not language and CHINESE.search(COMMENT.sub("", source))
    )
    return MANDARIN if is_chinese else ENGLISH
