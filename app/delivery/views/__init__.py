"""The pages of this room, split by noun; its places in navigation and settings, and its part in erasing people."""

from app.core import registry
from app.core.registry import NavItem, SettingsPart
from app.delivery.service.erase import erase
from app.delivery.views.confirm import pages as confirm_pages
from app.delivery.views.mail import pages as mail_pages
from app.delivery.views.readers import pages as reader_pages
from app.delivery.views.senders import pages as sender_pages

registry.add(registry.erase, erase)
registry.add(
    registry.settings, SettingsPart("Senders", "Where mail leaves from, and how fast", "/settings/senders", "send", "settings.view", 30)
)
registry.add(registry.nav, NavItem("Reach", "Caught mail", "/mail", "inbox", "customers.view", 60, sandbox=True))

__all__ = ["confirm_pages", "mail_pages", "reader_pages", "sender_pages"]
