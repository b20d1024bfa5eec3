#!/bin/sh
# Unpacks Asterisk 22 and its Spanish prompts into a folder of its own, without root.
#
#   provision.sh TARGET    needs apt-get and dpkg-deb (Debian or a derivative); about 100 MB to fetch
#
# Debian 12 carries no Asterisk, Debian unstable carries the LTS release 22. apt-get is given a
# state of its own, so nothing of the machine changes; the mirror and the settings of the machine
# (proxy, validity of lists) apply. TARGET/root holds the files and TARGET/asterisk runs them. The same script makes the
# container image. An interrupted run is finished by the next one.
set -eu

MINIMUM=22
PACKAGES="asterisk asterisk-core-sounds-es-wav asterisk-core-sounds-en-gsm asterisk-moh-opsound-wav"
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '  %s\n' "$*"; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }

[ $# -eq 1 ] || fail "uso: provision.sh CARPETA"
mkdir -p "$1"
target=$(cd "$1" && pwd)
exec 9>"$target/lock"
flock 9 # whoever comes meanwhile waits and finds it done
[ -x "$target/asterisk" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "este sistema no es Debian ni derivado (faltan apt-get y dpkg-deb)"
[ -r "$KEYRING" ] || fail "falta $KEYRING: instale el paquete debian-archive-keyring"

mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
    grep -E '/debian/?$' | head -n 1)
[ -n "$mirror" ] || fail "apt no conoce ningún espejo de Debian: agregue uno a sus fuentes y repita"

work="$target/apt"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/log"
: >"$work/state/status"
echo "deb [signed-by=$KEYRING] $mirror sid main" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::Log "$work/log";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
export APT_CONFIG="$work/apt.conf"

say "leyendo las listas de paquetes"
apt-get update -qq || fail "no se pudieron leer las listas de paquetes: revise la red y repita"
say "descargando Asterisk y lo que necesita"
# shellcheck disable=SC2086  # the packages are a list
apt-get install -y -d -qq $PACKAGES >"$work/log/install" 2>&1 ||
    fail "no se pudieron descargar los paquetes, vea $work/log/install"

say "desempacando"
rm -rf "$target/root.part"
mkdir -p "$target/root.part"
for package in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$target/root.part"
done
sounds="$target/root.part/usr/share/asterisk/sounds"
[ -e "$sounds/en" ] || ln -s en_US_f_Allison "$sounds/en"
rm -rf "$target/root"
mv "$target/root.part" "$target/root"

libraries=$(dirname "$(find "$target/root/usr/lib" -name 'libc.so.6' | head -n 1)")
loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux*' | head -n 1)
[ -n "$loader" ] || fail "los paquetes no traen el cargador dinámico: borre $target y repita"
cat >"$target/asterisk.part" <<RUN
#!/bin/sh
exec "$loader" --library-path "$libraries:$libraries/asterisk" "$target/root/usr/sbin/asterisk" "\$@"
RUN
chmod 755 "$target/asterisk.part"
"$target/asterisk.part" -V | grep -qE "^Asterisk ($MINIMUM|2[3-9])" || fail "el Asterisk desempacado no inicia: $("$target/asterisk.part" -V 2>&1)"
mv "$target/asterisk.part" "$target/asterisk"
rm -rf "$work"
say "$("$target/asterisk" -V) está listo"
