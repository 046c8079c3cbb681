"""What is wrong with a mail server's certificate, in words: the same in a test and while mail is sent. Pure."""

import ssl

_UNKNOWN = " If it is the right one, whoever runs Fairlead can have this machine trust whoever signed it."
_WHY = {
    10: "it has expired. Whoever runs that server has to renew it.",
    62: "it was made for another name. Enter that name as the host.",
    18: "it is signed by nobody but itself." + _UNKNOWN,
} | dict.fromkeys((19, 20, 21), "nobody whom this machine trusts has signed it." + _UNKNOWN)
"""By the code that OpenSSL gives (X509_V_ERR_…)."""


def why(host: str, problem: ssl.SSLCertVerificationError) -> str:
    """Return why the certificate of a host is not taken, and what can be done about it."""
    return f"{host} shows a certificate that does not fit: " + _WHY.get(problem.verify_code, f"{problem.verify_message.rstrip('.')}.")
