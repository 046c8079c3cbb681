"""What replies mean. The last ones are of real servers' kinds: none of them may cost an address that is alive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.replies import Reply, Verdict, of_message, wait_after


@pytest.mark.parametrize(
    ("code", "text", "verdict"),
    [
        (550, "5.1.1 User unknown", Verdict.BOUNCED),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Verdict.BOUNCED),
        (553, "5.1.3 Bad destination mailbox address syntax", Verdict.BOUNCED),
        (550, "5.2.1 The email account that you tried to reach is disabled", Verdict.BOUNCED),
        (550, "No such user here", Verdict.BOUNCED),
        (550, "Requested action not taken: mailbox unavailable", Verdict.BOUNCED),
        (554, "delivery error: dd This user doesn't have a yahoo.com account", Verdict.FAILED),
        (550, "5.5.0 mailbox not found", Verdict.BOUNCED),
        (450, "4.2.1 Try again later", Verdict.RETRY),
        (421, "Too many connections", Verdict.RETRY),
        (452, "4.2.2 Mailbox full", Verdict.RETRY),
        (552, "5.2.2 Mailbox full", Verdict.FAILED),
        (550, "5.7.1 Message rejected due to local policy", Verdict.FAILED),
        (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Verdict.FAILED),
        (550, "5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy", Verdict.FAILED),
        (553, "5.1.8 Sender address rejected: Domain not found", Verdict.FAILED),
        (550, "SC-001 Mail rejected for policy reasons: user unknown to our reputation service", Verdict.FAILED),
        (554, "Transaction failed", Verdict.FAILED),
        (552, "5.3.4 Message size exceeds fixed limit", Verdict.FAILED),
    ],
)
def test_verdicts(code: int, text: str, verdict: Verdict) -> None:
    assert of_message(Reply(code, text)) is verdict


@given(st.integers(400, 599), st.text(max_size=80))
def test_only_refusals_for_good_can_cost_an_address(code: int, text: str) -> None:
    verdict = of_message(Reply(code, text))
    assert (verdict is Verdict.RETRY) == (code < 500)
    assert len(str(Reply(code, text * 20))) <= 500


def test_tries_span_half_an_hour() -> None:
    assert [wait_after(n, 0.5) for n in range(1, 8)] == [60, 120, 240, 480, 960, 1920, 3600]
    assert wait_after(1, 0) == 48
    assert wait_after(1, 1) == pytest.approx(72)
