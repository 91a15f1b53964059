"""Telling teams over the network: a signed webhook, and an e-mail that says only that a referral waits."""
from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import httpx

from outreach.clock import utc_now
from outreach.referrals.delivery import NotTold, body_of, signed
from outreach.referrals.records import PASSED_ON, REFERRAL, WITHDRAWN, Notice, StoredReferral
from outreach.referrals.teams import Team

SECONDS = 10.0
# Subject and text of each kind of notice.
MAILS = {
    REFERRAL: ("A referral is waiting", "A referral is waiting in the inbox."),
    WITHDRAWN: ("A referral was withdrawn", "A referral was withdrawn. What was sealed has been deleted."),
    PASSED_ON: ("A referral was passed on", "A referral is another team's now. Please delete any copy of it that you have."),
}


class Webhook:
    """Posts to a team's address, signed as Standard Webhooks has it. Any 2xx is a yes; redirects are not followed."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._client = httpx.Client(timeout=seconds, follow_redirects=False)

    def send(self, notice: Notice, referral: StoredReferral, team: Team) -> None:
        """Tell the team. Raises NotTold."""
        body = body_of(notice, referral)
        headers = {**signed(notice.key, body, team.secrets, self._clock()), "content-type": "application/json"}
        try:
            # What the receiver says is not read: only whether it took it.
            with self._client.stream("POST", str(team.webhook), content=body.encode(), headers=headers) as answer:
                if not answer.is_success:
                    raise NotTold(f"status {answer.status_code}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotTold(type(error).__name__) from None


class Mail:
    """Writes to a team's address, without a word about the person."""

    def __init__(self, host: str, port: int, sender: str, user: str, password: str, starttls: bool) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._user, self._password, self._starttls = user, password, starttls

    def send(self, notice: Notice, referral: StoredReferral, team: Team) -> None:
        """Tell the team. Raises NotTold."""
        message = self._message(notice, str(team.email))
        try:
            with smtplib.SMTP(self._host, self._port, timeout=SECONDS) as server:
                if self._starttls:
                    server.starttls()
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTold(type(error).__name__) from None

    def _message(self, notice: Notice, to: str) -> EmailMessage:
        subject, says = MAILS[notice.kind]
        message = EmailMessage()
        message["From"], message["To"] = self._sender, to
        message["Subject"] = subject
        message["Date"] = format_datetime(notice.created_at)
        # The same each time, so that what arrives twice is known to be one.
        message["Message-ID"] = f"<{notice.key}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{says}\n\nPlease sign in to see it.\n")
        return message
