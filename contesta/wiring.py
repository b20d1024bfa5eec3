"""Where settings meet the parts they configure."""

from asterisk_conf.configuration import TelephoneSystem
from contesta.accounts import Accounts
from contesta.settings import LOCALHOST, Settings
from telephony.ami.decode import EVENTS
from telephony.asterisk import Installation


def telephone_system(settings: Settings, accounts: Accounts, installation: Installation) -> TelephoneSystem:
    """Describe the Asterisk that these settings want."""
    return TelephoneSystem(
        folder=settings.asterisk_dir,
        modules=installation.modules,
        system_data=installation.data,
        prompts=settings.prompts_dir,
        recordings=settings.recordings_dir,
        host=settings.host,
        sip_port=settings.sip_port,
        rtp_first_port=settings.rtp_first_port,
        rtp_ports=settings.rtp_ports,
        manager_port=settings.manager_port,
        manager_user=accounts.manager_user,
        manager_secret=accounts.manager_secret,
        manager_events=EVENTS,
        agi_host=LOCALHOST,
        agi_port=settings.agi_port,
        line_name=settings.line_name,
        line_number=settings.line_number,
        queue=settings.queue,
        queue_timeout_seconds=settings.queue_timeout_seconds,
        ring_seconds=settings.ring_seconds,
        timezone=settings.timezone,
        members=accounts.members,
        trunk=settings.trunk.split(","),
    )
