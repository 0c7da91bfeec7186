"""What law and platforms forbid, found in a campaign's files before anybody reads it.

The rules, for engineers and not as legal advice: thanks for a review never depend on
what it says (China's rules of 2024-09-01 against unfair competition online, article 9);
marketing goes to those who agreed, names its sender, can be stopped, and lets people
sleep; templates of WeChat carry no offers.
"""

import re
from collections.abc import Collection, Iterator
from datetime import time
from email.utils import parseaddr
from typing import Any

from tasks import channels, yaml_file
from tasks.accounts import Accounts
from tasks.campaigns import audience_sql, way_out, ways
from tasks.campaigns.audience_sql import AudienceQuery
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.campaign_values import QuietHours
from tasks.campaigns.words import FILE
from tasks.channels.mail import MailAccount
from tasks.problem import Problem
from tasks.settings import settings

PRAISE = re.compile(
    r"好评|五星(?!级)|5\s*星|满分|晒[图单]返|截图返现|返现|删除?评|改评|修改评价|"
    r"\bfive[- ]stars?\b|\b5[- ]?stars?\b|\b(top|highest|perfect) rating|"
    r"\b(good|great|nice|positive|glowing) (review|rating|feedback)|"
    r"\b(change|delete|remove|edit) your review",
    re.IGNORECASE,
)
OFFER = re.compile(
    r"优惠|折扣|打折|[0-9一二三四五六七八九]折|促销|特价|秒杀|满减|红包|代金券|礼券|"
    r"新品|上新|限时|抢购|包邮|立减|"
    r"\bdiscount|\bcoupon|\bvoucher|\d+ ?% ?off\b|\boff your (next|first)|"
    r"\bspecial offer|\bpromo|\bnew (collection|arrivals)|\blimited time|"
    r"\bfree shipping|\bbuy now|"
    r"\b(summer|winter|spring|autumn|clearance|flash) sale",
    re.IGNORECASE,
)
LEAVING = re.compile(r"退订|取消订阅|\bunsubscrib\w*|\bopt[- ]out\b", re.IGNORECASE)
# What a template is made of beside the words that people read.
MARKUP = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
# Marketing SMS leave within these hours: the strictest of the providers in China.
SMS_HOURS = time(8), time(20)
# What a service message can be about.
SERVICE_TABLES = {"orders", "order_lines", "refunds", "reviews", "interactions"}
# What a review says: nobody is chosen for a reward by it.
OPINION = ("rating", "body")


def find(
    campaign: Campaign, known: Accounts | None, consents: Collection[str] | None
) -> Iterator[Problem]:
    """Everything that must be mended before this may be sent.

    `known`: the accounts of channels.yaml, None when it cannot be read. `consents`: the
    names of what anybody agreed to; None where nobody is known yet.
    """
    query = audience_sql.parsed(campaign.folder / "audience.sql", campaign.audience)
    if not isinstance(query, Problem):
        yield from _opinions(campaign, query)
        yield from _consent_basis(campaign, query)
    yield from _asked_praise(campaign)
    if campaign.purpose == "service":
        yield from _offers(campaign)
    else:
        yield from _disturbed_nights(campaign)
        yield from _nobody_agreed(campaign, known, consents)
        yield from _other_ways_out(campaign)
    yield from _mail_accounts(campaign, known)


def gives_something(campaign: Campaign) -> bool:
    """Whether one of its steps comes with a reward."""
    return any(step.reward for step in campaign.steps)


def _opinions(campaign: Campaign, query: AudienceQuery) -> Iterator[Problem]:
    """A reward for reviews must not know what they say."""
    if "reviews" not in query.tables:
        return
    offers = gives_something(campaign) or next(_lines(campaign, OFFER), None)
    for line, written in _read_opinions(query):
        yield Problem(
            query.file,
            line,
            f'reads "{written}" of reviews: thanks and rewards are the same for every '
            "opinion, so the query must not know it; name other columns, or help "
            "unhappy customers in a campaign of its own without anything to give",
            "error" if offers else "warning",
        )


def _read_opinions(query: AudienceQuery) -> Iterator[tuple[int | None, str]]:
    """(line, as written): the columns of `reviews` that say what people thought."""
    from sqlglot import exp

    found = [one for one in query.tree.find_all(exp.Table) if one.name == "reviews"]
    names = {"", *(one.alias_or_name for one in found)}
    for column in query.tree.find_all(exp.Column):
        if column.name in (*OPINION, "*") and column.table in names:
            yield audience_sql.line(column), column.sql()
    for star in query.tree.find_all(exp.Star):
        if any(star.parent is table.parent_select for table in found):
            yield audience_sql.line(star) or audience_sql.line(found[0]), "*"


def _asked_praise(campaign: Campaign) -> Iterator[Problem]:
    for name, line, said in _lines(campaign, PRAISE):
        message = (
            f'says "{said}": nobody may be asked for praise or to change a review, '
            "least of all for something in return; ask how it was, whatever they think"
        )
        yield Problem(campaign.place(name), line, message)


def _offers(campaign: Campaign) -> Iterator[Problem]:
    way_out = (
        "a service message is about an order or an account and goes to people who "
        "agreed to no offers: take it out, or write `purpose: marketing`"
    )
    for name, line, said in _lines(campaign, OFFER):
        yield Problem(campaign.place(name), line, f'says "{said}": {way_out}')
    for step in campaign.steps:
        if step.reward:
            place = ("steps", step.name, "reward")
            yield _at(
                campaign, place, f'"steps.{step.name}.reward" is an offer: {way_out}'
            )


def _lines(
    campaign: Campaign, pattern: re.Pattern[str]
) -> Iterator[tuple[str, int, str]]:
    """(file, line, what was found) in the words, and in the params that they print."""
    for name, source in sorted(campaign.files.items()):
        if name.endswith((".txt", ".html")):
            # Without its markup, but with its lines where they were.
            plain = MARKUP.sub(lambda one: "\n" * one[0].count("\n"), source)
            for found in pattern.finditer(plain):
                yield name, audience_sql.line_of(plain, found.start()), found[0]
    file = _yaml(campaign)
    for param, value in campaign.params.items():
        found_ = pattern.search(value) if isinstance(value, str) else None
        if found_:
            yield "campaign.yaml", file.line(("params", param)) or 1, found_[0]


def _consent_basis(campaign: Campaign, query: AudienceQuery) -> Iterator[Problem]:
    """Service needs no consent because of what it is about; so it must be about it."""
    if campaign.purpose == "service" and not SERVICE_TABLES & set(query.tables):
        message = (
            '"purpose" is "service", and audience.sql reads no order, refund, review '
            "or interaction: without one of them there is no reason to write without "
            "consent; write `purpose: marketing`"
        )
        yield _at(campaign, ("purpose",), message)


def _nobody_agreed(
    campaign: Campaign, known: Accounts | None, consents: Collection[str] | None
) -> Iterator[Problem]:
    for name in ways.open_channels(campaign, known) if consents is not None else ():
        consent = channels.find(name).consent
        if consent not in (consents or ()):
            message = (
                f'nobody has agreed to marketing by "{consent}", so nobody gets this '
                f'by "{name}": record where people agree (in a file, at a sign-up)'
            )
            yield _at(campaign, ("channels",), message, "warning")


def _disturbed_nights(campaign: Campaign) -> Iterator[Problem]:
    quiet = campaign.quiet_hours
    if quiet is None:
        message = (
            '"quiet_hours" is "none": marketing lets people sleep; write 21:00-09:00'
        )
        yield _at(campaign, ("quiet_hours",), message)
    elif "sms" in campaign.channels and not _covers(quiet, *SMS_HOURS):
        message = (
            f'"quiet_hours" is "{quiet.start:%H:%M}-{quiet.end:%H:%M}": marketing by '
            f"SMS leaves between {SMS_HOURS[0]:%H:%M} and {SMS_HOURS[1]:%H:%M} only; "
            "write 20:00-09:00"
        )
        yield _at(campaign, ("quiet_hours",), message)


def _covers(quiet: QuietHours, opens: time, closes: time) -> bool:
    """Whether nothing is sent before `opens` or after `closes`."""
    is_over_night = quiet.start > quiet.end
    return is_over_night and quiet.start <= closes and quiet.end >= opens


def _mail_accounts(campaign: Campaign, known: Accounts | None) -> Iterator[Problem]:
    """Each account that could send it names its sender, and a way out of marketing."""
    accounts = (known or {}).get("mail", {}) if "mail" in campaign.channels else {}
    file = yaml_file.read(settings().channels_file)
    for name, account in accounts.items():
        assert isinstance(account, MailAccount)
        if not parseaddr(account.sender)[0]:
            message = (
                f'"mail.{name}.sender" is "{account.sender}": people must see who '
                "writes; put the shop's name before it: The Shop <hello@shop.example>"
            )
            yield file.problem(("mail", name, "sender"), message)
        ways_out = (account.unsubscribe_url, account.unsubscribe_mail)
        if campaign.purpose == "marketing" and not any(ways_out):
            message = (
                f'"mail.{name}" has no way out of marketing (List-Unsubscribe): give '
                "unsubscribe_url: https://…/{token}, or unsubscribe_mail"
            )
            yield file.problem(("mail", name), message)
        elif account.unsubscribe_url and "{token}" not in account.unsubscribe_url:
            key = f"mail.{name}.unsubscribe_url"
            message = f'"{key}" has no {{token}}: nobody would know who leaves'
            yield file.problem(("mail", name, "unsubscribe_url"), message)


def _other_ways_out(campaign: Campaign) -> Iterator[Problem]:
    """A way out written by hand, in mails where the real one then stands beneath."""
    for name, line, said in _lines(campaign, LEAVING):
        found = FILE.fullmatch(name)
        is_mail = found is not None and found[2] == "mail"
        if is_mail and way_out.VARIABLE not in campaign.files[name]:
            message = (
                f'says "{said}" without {{{{ {way_out.VARIABLE} }}}}: only that link '
                "knows who leaves; write it there, or take the words out: a line with "
                "the link then stands beneath the letter"
            )
            yield Problem(campaign.place(name), line, message, "warning")


def _yaml(campaign: Campaign) -> yaml_file.YamlFile:
    path = campaign.folder / "campaign.yaml"
    return yaml_file.read(path, campaign.files["campaign.yaml"])


def _at(
    campaign: Campaign, key: tuple[str, ...], message: str, severity: Any = "error"
) -> Problem:
    found = _yaml(campaign).problem(key, message)
    return Problem(found.file, found.line, found.message, severity)
