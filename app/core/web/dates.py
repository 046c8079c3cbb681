"""Times, ages and durations as people read them (DESIGN §6). Pure: the moment called now is an argument."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton

from app.core.web.numbers import MISSING, decimal, known_locale

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_ENGLISH = {"time": "HH:mm", "week": "EEE HH:mm", "year": "d MMM", "else": "d MMM y"}
_OTHERS = {"time": "Hm", "week": "EHm", "year": "MMMd", "else": "yMMMd"}


def _local(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is None:
        msg = "A moment without a zone cannot be shown: times are aware, in UTC."
        raise ValueError(msg)
    return moment.astimezone(ZoneInfo(zone))


def _write(moment: datetime | date, form: str, locale: str) -> str:
    known = known_locale(locale)
    if isinstance(moment, datetime):
        if known.language == "en":
            return format_datetime(moment, _ENGLISH[form], locale=known)
        return format_skeleton(_OTHERS[form], moment, locale=known)
    if known.language == "en":
        return format_date(moment, _ENGLISH[form], locale=known)
    return format_skeleton(_OTHERS[form], datetime(moment.year, moment.month, moment.day), locale=known)  # noqa: DTZ001 (a day has no zone)


def when(moment: datetime | None, now: datetime, zone: str = "UTC", locale: str = "en") -> str:
    """Return a moment in a zone: today `10:50`, this week (from Monday) `Sat 14:20`, this year `14 Nov`, else `14 Nov 2025`."""
    if moment is None:
        return MISSING
    local, today = _local(moment, zone), _local(now, zone).date()
    monday = today - timedelta(days=today.weekday())
    if local.date() == today:
        return _write(local, "time", locale)
    if monday <= local.date() < monday + timedelta(days=7):
        return _write(local, "week", locale)
    return _write(local, "year" if local.year == today.year else "else", locale)


def hour(moment: datetime, zone: str = "UTC", locale: str = "en") -> str:
    """Return the hour of a moment in a zone: `10:50`."""
    return _write(_local(moment, zone), "time", locale)


def in_full(moment: datetime, zone: str = "UTC", locale: str = "en") -> str:
    """Return the full date with its zone, for hover: `Saturday, 14 November 2026, 14:20 EST`."""
    known, local = known_locale(locale), _local(moment, zone)
    words = format_date(local, "EEEE, d MMMM y" if known.language == "en" else "full", locale=known)
    name = local.tzname() or ""
    return f"{words}, {_write(local, 'time', locale)} {'UTC' if name[:1] in {'+', '-'} else ''}{name}"


def day(value: date | None, today: date, locale: str = "en") -> str:
    """Return a calendar day: `14 Nov` this year, else `14 Nov 2025`."""
    if value is None:
        return MISSING
    return _write(value, "year" if value.year == today.year else "else", locale)


def heading(value: date, today: date, locale: str = "en") -> str:
    """Return the heading over a day of a timeline: `Today`, `Yesterday`, `Saturday, 14 November`, with the year when it is another."""
    if value == today:
        return "Today"
    if value == today - timedelta(days=1):
        return "Yesterday"
    known = known_locale(locale)
    if known.language != "en":
        return format_date(value, "full", locale=known)
    return format_date(value, "EEEE, d MMMM" + ("" if value.year == today.year else " y"), locale=known)


def ago(moment: datetime | None, now: datetime, zone: str = "UTC", locale: str = "en") -> str:
    """Return an age up to a day (`just now`, `12 min ago`, `2 h ago`; ahead of now `in 12 min`), beyond that `when`."""
    if moment is None:
        return MISSING
    seconds = (now - moment).total_seconds()
    if abs(seconds) >= _DAY:
        return when(moment, now, zone, locale)
    if abs(seconds) < _MINUTE:
        return "just now"
    words = f"{int(abs(seconds) // _MINUTE)} min" if abs(seconds) < _HOUR else f"{int(abs(seconds) // _HOUR)} h"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _two(amount: float, unit: str, per: int, smaller: str) -> str:
    """Return two units below ten of the larger one, then one: `6 min 40 s`, `19 min`."""
    rest = round(amount)
    whole, part = divmod(rest, per)
    if whole >= 10:  # noqa: PLR2004 (two digits say enough)
        return f"{round(rest / per)} {unit}"
    return f"{whole} {unit} {part} {smaller}" if part else f"{whole} {unit}"


def duration(seconds: float | timedelta | None, locale: str = "en", *, about: bool = False) -> str:
    """Return a length of time: `84 ms`, `41 s`, `6 min 40 s`, `19 min`, `3 h 20 min`, `2.6 d`. `about` for a forecast."""
    if seconds is None:
        return MISSING
    length = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    return ("about " if about else "") + _length(length, locale)


def _length(length: float, locale: str) -> str:
    if round(length * 1000) < 1000:  # noqa: PLR2004 (ms in a second)
        return f"{round(length * 1000)} ms"
    if round(length) < _MINUTE:
        return f"{round(length)} s"
    if round(length) < _HOUR:
        return _two(length, "min", 60, "s")
    if round(length / _MINUTE) < _DAY / _MINUTE:
        return _two(length / _MINUTE, "h", 60, "min")
    days = length / _DAY
    return f"{decimal(days, 1 if days < 10 else 0, locale)} d"  # noqa: PLR2004 (two digits say enough)
