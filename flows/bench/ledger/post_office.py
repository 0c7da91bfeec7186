"""django-post_office sends its queue with four processes: the peer, only measured."""

import sys
import time
from urllib.parse import parse_qs, urlsplit

from flows.bench.ledger import shop


def main() -> None:
    """Print messages a second for: database, port, messages, processes."""
    url, port, messages, processes = sys.argv[1], *map(int, sys.argv[2:5])
    _configure(url, port)
    from django.core.management import call_command
    from jinja2 import Template

    call_command("migrate", verbosity=0)
    from post_office import mail
    from post_office.mail import send_queued_mail_until_done
    from post_office.models import Email

    text, html = Template(shop.WORDS), Template(shop.HTML)
    Email.objects.all().delete()
    mail.send_many(
        [
            {
                "sender": "木叶茶铺 <shop@shop.example>",
                "recipients": [f"c{number}@example.org"],
                "subject": f"谢谢您，顾客 {number}：您的订单已经送达",
                "message": text.render(name=f"顾客 {number}"),
                "html_message": html.render(name=f"顾客 {number}"),
                "headers": {"List-Unsubscribe": f"<https://u.shop.example/{number}>"},
            }
            for number in range(messages)
        ]
    )
    began = time.monotonic()
    send_queued_mail_until_done(processes=processes, log_level=0)
    took = time.monotonic() - began
    sent = Email.objects.filter(status=0).count()
    if sent != messages:
        raise SystemExit(f"the peer sent {sent} of {messages}")
    print(messages / took)


def _configure(url: str, port: int) -> None:
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={"default": _database(url)},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={
            "BATCH_SIZE": 500,
            "THREADS_PER_PROCESS": 5,
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {"options": "-c search_path=public"},
    }


if __name__ == "__main__":
    main()
