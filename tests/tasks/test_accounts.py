"""channels.yaml: read strictly, every problem with its line and a way out."""

from pathlib import Path

import pytest

from tasks import accounts
from tasks.accounts import AccountsError

GOOD = """\
mail:
  shop:
    host: localhost
    security: none
    sender: Shop <shop@shop.example>
    rate: 5
    user: shop
    password: ${MAIL_PASSWORD}
"""


def read(tmp_path: Path, text: str) -> dict[str, dict[str, accounts.Account]]:
    path = tmp_path / "channels.yaml"
    path.write_text(text)
    return accounts.load(path)


def test_it_reads_accounts_and_takes_secrets_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "secret-of-the-shop")
    account = read(tmp_path, GOOD)["mail"]["shop"]
    assert account.rate == 5
    assert account.password.get_secret_value() == "secret-of-the-shop"
    assert "secret" not in repr(account)


def test_it_says_which_variable_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"channels.yaml:8: .*MAIL_PASSWORD"):
        read(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mial:\n  shop: {}\n", r':1: no channel "mial"; did you mean "mail"'),
        ("mail: 5\n", ":1: .*needs accounts"),
        ("mail:\n  shop:\n    host: x\n    sender: a@b.example\n    rat: 1\n",
         ':5: unknown key "mail.shop.rat"; did you mean "rate"'),
        ("mail:\n  shop:\n    host: x\n    sender: nobody\n", ":4: .*address"),
        ("mail:\n  shop:\n    host: x\n    sender: a@b.example\n    rate: -1\n",
         ":5: .*greater than 0"),
        ("- mail\n", "has no channels"),
    ],
)  # fmt: skip
def test_each_problem_names_its_line_and_the_way_out(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(AccountsError, match=message):
        read(tmp_path, text)


def test_an_unknown_account_lists_those_there_are(tmp_path: Path) -> None:
    known = {"mail": {"shop": accounts.Account()}}
    with pytest.raises(LookupError, match=r"'shpo'.*names shop"):
        accounts.channel("mail", "shpo", known)
    with pytest.raises(LookupError, match="no channel 'mial'"):
        accounts.channel("mial", "shop", known)


def test_the_file_that_is_shipped_is_good() -> None:
    assert "shop" in accounts.load(Path("deployments/channels.yaml"))["mail"]
