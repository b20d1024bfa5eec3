"""Settings: what differs from one installation to the next. Built once by the command line and passed down.

Each field is an environment variable CONTESTA_<NAME>. A variable of that prefix that no field knows is refused,
because a mistyped one would otherwise be ignored in silence.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

PREFIX = "CONTESTA_"
LOCALHOST = "127.0.0.1"


class Settings(BaseSettings):
    """All settings with their defaults, which run a whole line on loopback."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    data_dir: Path = Field(
        default=Path("var"), description="Carpeta de todo lo que la línea guarda: libro, grabaciones, secretos"
    )
    cache_dir: Path = Field(
        default=Path.home() / ".cache" / "contesta",
        description="Carpeta de lo que se puede volver a hacer: Asterisk, textos hablados",
    )
    recorded_prompts_dir: Path = Field(
        default=Path("grabaciones-propias"),
        description="Carpeta con grabaciones propias, <id>.wav; reemplazan a la voz sintética",
    )
    database_url: str = Field(
        default="", description="Dirección SQLAlchemy del libro; vacía: SQLite en la carpeta de datos"
    )
    lines_dir: str = Field(
        default="",
        description="Carpeta con los archivos de las líneas, uno .yaml por línea; vacía: la línea que trae el programa",
    )
    ghost_seconds: int = Field(
        default=5, ge=0, le=60, description="Quien cuelga dentro de este tiempo cuenta como llamada fantasma"
    )
    timezone: str = Field(
        default="America/Bogota", description="Zona horaria de cifras y páginas; la de cada horario va en su línea"
    )
    host: str = Field(default=LOCALHOST, description="Dirección donde llegan SIP y audio")
    trunk: str = Field(
        default=LOCALHOST,
        pattern=r"^[0-9./]+(,[0-9./]+)*$",
        description="Direcciones de la troncal, separadas por comas",
    )
    outbound_trunk: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9.-]{1,253}(:[0-9]{2,5})?)?$",
        description="Dirección SIP por donde salen las devoluciones de llamada; vacía: no se marca nada",
    )
    dialling: bool = Field(default=True, description="«false» apaga toda la marcación de devoluciones; lo demás sigue")
    sip_port: int = Field(default=5060, ge=1024, le=65535, description="SIP sobre UDP")
    rtp_first_port: int = Field(default=12000, ge=1024, le=65000, description="Primer puerto del audio")
    rtp_ports: int = Field(
        default=2000, ge=40, le=20000, description="Cuántos puertos puede usar el audio, cuatro por llamada"
    )
    manager_port: int = Field(
        default=5038, ge=1024, le=65535, description="Interfaz de gestión de Asterisk, solo en esta máquina"
    )
    agi_port: int = Field(
        default=4573, ge=1024, le=65535, description="Servidor de guiones de llamada, solo en esta máquina"
    )
    web_port: int = Field(default=8080, ge=1024, le=65535, description="Página web")
    web_host: str = Field(
        default=LOCALHOST,
        description="Dirección donde escucha la página; otra que 127.0.0.1 solo en un contenedor o tras un proxy",
    )
    web_origin: str = Field(
        default="",
        pattern=r"^(https://[a-z0-9.-]+(:[0-9]+)?)?$",
        description="Dirección con que se abre la página, como https://contesta.entidad.gov.co; vacía: solo aquí",
    )
    web_public_origin: str = Field(
        default="",
        pattern=r"^(https://[a-z0-9.-]+(:[0-9]+)?)?$",
        description="Dirección aparte para la ciudadanía, como https://tellamamos.entidad.gov.co: allí solo están las "
        "páginas «Te llamamos» y su API; vacía: están en la misma dirección que las demás",
    )
    web_frame_origins: str = Field(
        default="",
        pattern=r"^(https://[a-z0-9.-]+(:[0-9]+)?(,https://[a-z0-9.-]+(:[0-9]+)?)*)?$",
        description="Sitios que pueden mostrar «Te llamamos» dentro de sus páginas, separados por comas, como "
        "https://www.entidad.gov.co; vacío: ninguno",
    )
    web_proxy: str = Field(
        default="",
        pattern=r"^[0-9a-f.:]*$",
        description="Dirección IP del proxy propio que dice, en X-Forwarded-For, desde dónde se abre la página",
    )
    web_requests_per_minute: int = Field(
        default=1200, ge=60, le=1_000_000, description="Solicitudes por minuto de una persona, clave o dirección de red"
    )
    second_factor: Literal["administradores", "todos"] = Field(
        default="administradores",
        description="A quién se pide, además de la contraseña, un código de su teléfono: «administradores» o «todos»",
    )
    board_thresholds: str = Field(
        default="", description="Archivo con los umbrales del tablero; vacío: los que trae el programa"
    )
    manage_asterisk: bool = Field(
        default=True, description="Iniciar y vigilar Asterisk; «false» si otro programa lo hace"
    )
    reconcile_at: str = Field(
        default="03:30",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Hora de la línea a la que cada noche el libro se compara con queue_log y se repara",
    )
    agi_max_calls: int = Field(
        default=1000, ge=1, le=5000, description="Llamadas en guiones a la vez; las demás pasan a la cola"
    )
    mqtt_host: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|[0-9A-Fa-f:]*)$",
        description="Equipo del servidor MQTT que recibe lo que pasa en la línea; vacío: ninguno",
    )
    mqtt_name: str = Field(
        default="ciudadanos",
        pattern=r"^[a-z][a-z0-9_-]{0,31}$",
        description="Nombre de esta línea en los temas de MQTT: contesta/v1/NOMBRE/…",
    )
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="Puerto del servidor MQTT; con TLS suele ser 8883")
    mqtt_user: str = Field(default="", description="Usuario en el servidor MQTT; obligatorio si está en otro equipo")
    mqtt_password: str = Field(default="", repr=False, description="Contraseña de ese usuario")
    mqtt_password_file: str = Field(
        default="", description="Archivo que contiene la contraseña, en lugar de escribirla en una variable"
    )
    mqtt_tls: bool = Field(default=False, description="Cifrar la conexión con el servidor MQTT")
    mqtt_ca_file: str = Field(
        default="", description="Certificado de quien firmó el del servidor MQTT; vacío: los que conoce el sistema"
    )
    sms_host: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|[0-9A-Fa-f:]*)$",
        description="Equipo del operador que recibe los SMS, por SMPP 3.4; vacío: no se envían",
    )
    sms_port: int = Field(default=2775, ge=1, le=65535, description="Puerto de ese equipo; con TLS suele ser 3550")
    sms_user: str = Field(default="", max_length=15, description="Usuario ante el operador (system_id)")
    sms_password: str = Field(default="", max_length=8, repr=False, description="Contraseña de ese usuario")
    sms_password_file: str = Field(
        default="", description="Archivo que contiene la contraseña, en lugar de escribirla en una variable"
    )
    sms_tls: bool = Field(default=False, description="Cifrar la conexión con el operador de SMS")
    sms_per_second: float = Field(
        default=10, gt=0, le=1000, description="Segmentos por segundo que el operador acepta, como máximo"
    )
    sms_window: int = Field(default=10, ge=1, le=100, description="Segmentos que pueden esperar respuesta a la vez")

    callback_data_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        description="Días que se guardan los datos personales de una devolución después de terminada",
    )
    campaign_data_days: int = Field(
        default=180,
        ge=1,
        le=36_500,
        description="Días que se guardan los datos personales de la base de una campaña desde que se cargó",
    )
    recording_days: int = Field(
        default=730,
        ge=1,
        le=36_500,
        description="Días que se guarda la grabación de una conversación, si el archivo de la línea no dice otra cosa",
    )
    mailbox_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        description="Días que se guarda lo hablado en el buzón desde que terminó la devolución, si no lo dice la línea",
    )
    comment_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        description="Días que se guarda un comentario hablado de la encuesta, si no lo dice la línea",
    )
    sms_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        description="Días que se guardan el texto y el destinatario de un SMS, si no lo dice la línea",
    )

    @field_validator("data_dir", "cache_dir", "recorded_prompts_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("lines_dir")
    @classmethod
    def _absolute_unless_empty(cls, value: str) -> str:
        return str(Path(value).expanduser().absolute()) if value else ""

    @model_validator(mode="after")
    def _ports_differ(self) -> "Settings":
        ports = [self.sip_port, self.manager_port, self.agi_port, self.web_port]
        if len(set(ports)) < len(ports):
            raise ValueError("dos servicios tienen el mismo puerto")
        if self.rtp_first_port + self.rtp_ports > 65535:  # noqa: PLR2004  the last port there is
            raise ValueError("rtp_first_port más rtp_ports pasa de 65535")
        return self

    @model_validator(mode="after")
    def _origins_differ(self) -> "Settings":
        if self.web_public_origin and self.web_public_origin == self.web_origin:
            raise ValueError("web_public_origin es igual a web_origin: deje vacía la primera, o use otra dirección")
        return self

    @model_validator(mode="after")
    def _broker_knows_us(self) -> "Settings":
        if self.mqtt_password and self.mqtt_password_file:
            raise ValueError("hay contraseña de MQTT y archivo de contraseña: deje solo CONTESTA_MQTT_PASSWORD_FILE")
        password = self.mqtt_password or self.mqtt_password_file
        if self.mqtt_host and not is_loopback(self.mqtt_host) and not (self.mqtt_user and password):
            raise ValueError(
                f"el servidor MQTT {self.mqtt_host} está en otro equipo: hacen falta CONTESTA_MQTT_USER y "
                "CONTESTA_MQTT_PASSWORD"
            )
        return self

    @model_validator(mode="after")
    def _gateway_knows_us(self) -> "Settings":
        if self.sms_password and self.sms_password_file:
            raise ValueError("hay contraseña de SMS y archivo de contraseña: deje solo CONTESTA_SMS_PASSWORD_FILE")
        if self.sms_host and not self.sms_user:
            raise ValueError("hay CONTESTA_SMS_HOST y falta CONTESTA_SMS_USER, el usuario que dio el operador")
        return self

    @property
    def ledger_url(self) -> str:
        """Address of the ledger's database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'contesta.db'}"

    @property
    def asterisk_dir(self) -> Path:
        """Folder of the telephone system's configuration, logs and sockets."""
        return self.data_dir / "asterisk"

    @property
    def queue_log(self) -> Path:
        """The telephone system's durable record."""
        return self.asterisk_dir / "log" / "queue_log"

    @property
    def recordings_dir(self) -> Path:
        """Folder of the recorded conversations."""
        return self.data_dir / "grabaciones"

    @property
    def audible_dir(self) -> Path:
        """Folder of what is heard in place of recordings that have keypad tones."""
        return self.data_dir / "oibles"

    @property
    def messages_dir(self) -> Path:
        """Folder of what callers say after the tone."""
        return self.data_dir / "mensajes"

    @property
    def names_dir(self) -> Path:
        """Folder of the spoken names of citizens who are to be called, until they are."""
        return self.data_dir / "nombres"

    @property
    def sounds_dir(self) -> Path:
        """Folder of the spoken prompts, a folder for each language."""
        return self.data_dir / "sounds"

    @property
    def music_dir(self) -> Path:
        """Folder of the music of queues, a folder for each."""
        return Path(self.lines_dir or self.data_dir) / "musica"

    @property
    def published_dir(self) -> Path:
        """Folder of the lines as they were published."""
        return self.data_dir / "lineas"

    @property
    def secrets_file(self) -> Path:
        """Generated secrets, readable by their owner only."""
        return self.data_dir / "secretos.json"

    @property
    def web_key_file(self) -> Path:
        """Key of the second factors, readable by its owner only."""
        return self.data_dir / "llave-web"

    @property
    def run_dir(self) -> Path:
        """Folder of the locks that tell our running processes."""
        return self.data_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Folder of our own logs, one JSON object a line."""
        return self.data_dir / "log"

    @property
    def web_address(self) -> str:
        """Address of the web page."""
        return f"http://{LOCALHOST}:{self.web_port}/"

    def as_child_environment(self) -> dict[str, str]:
        """Give the environment of a process that is to have these settings."""
        return os.environ | {PREFIX + name.upper(): str(getattr(self, name)) for name in type(self).model_fields}


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def load() -> Settings:
    """Build the settings from the environment.

    Raises:
        ConfigurationError: a value is not allowed, or a variable of our prefix is unknown.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise ConfigurationError(
            f"variable de entorno desconocida: {', '.join(unknown)}. Corrija el nombre; las que existen están en "
            "docs/configuracion.md"
        )
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{PREFIX}{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']} (valor: {fault['input']!r})"
            if fault["loc"]
            else fault["msg"]
            for fault in error.errors()
        )
        raise ConfigurationError(f"ajuste no válido: {faults}") from error
