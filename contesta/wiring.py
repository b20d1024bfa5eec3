"""Where settings meet the parts they configure."""

from collections.abc import Sequence
from datetime import date

from asterisk_conf.configuration import TelephoneSystem
from contesta.accounts import Accounts
from contesta.settings import LOCALHOST, Settings
from ivr.line.model import Line
from telephony.ami.decode import EVENTS
from telephony.asterisk import Installation


def telephone_system(
    settings: Settings, accounts: Accounts, installation: Installation, lines: Sequence[Line], today: date
) -> TelephoneSystem:
    """Describe the Asterisk that these settings and lines want."""
    return TelephoneSystem(
        folder=settings.asterisk_dir,
        modules=installation.modules,
        system_data=installation.data,
        sounds=settings.sounds_dir,
        music=settings.music_dir,
        recordings=settings.recordings_dir,
        messages=settings.messages_dir,
        names=settings.names_dir,
        host=settings.host,
        sip_port=settings.sip_port,
        rtp_first_port=settings.rtp_first_port,
        rtp_ports=settings.rtp_ports,
        manager_port=settings.manager_port,
        manager_user=accounts.manager_user,
        manager_secret=accounts.manager_secret,
        desk_user=accounts.desk_user,
        desk_secret=accounts.desk_secret,
        listen_user=accounts.listen_user,
        listen_secret=accounts.listen_secret,
        manager_events=EVENTS,
        agi_host=LOCALHOST,
        agi_port=settings.agi_port,
        lines=lines,
        today=today,
        members=accounts.members,
        listening=accounts.listening,
        trunk=settings.trunk.split(","),
        outbound=settings.outbound_trunk,
        dialler_user=accounts.dialler_user,
        dialler_secret=accounts.dialler_secret,
    )
