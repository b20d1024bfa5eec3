#!/bin/sh
# All the set-up, and nothing else: Debian packages, virtual environment, locked dependencies of Python and of the pages.
# Quick when done.
#
#   setup.sh run     what the line needs
#   setup.sh test    that, and what the tests need
set -eu
cd "$(dirname "$0")"
what=${1:-run}

packages="python3 python3-venv sox debian-archive-keyring"
lock=requirements.lock
compile=--compile
if [ "$what" = test ]; then
    compile=--no-compile # of all that is installed, tests/ready.py compiles what is used
    packages="$packages sip-tester postgresql mosquitto openssl chromium-headless-shell fonts-dejavu-core graphviz"
    lock=requirements-dev.lock
fi

if command -v dpkg-query >/dev/null; then
    missing=""
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        install="apt-get install -y --no-install-recommends$missing"
        if [ "$(id -u)" -eq 0 ]; then as_root=""; elif command -v sudo >/dev/null; then as_root="sudo"; else
            echo "Faltan paquetes. Instálelos como administrador y repita: $install" >&2
            exit 1
        fi
        echo "• Paquetes:$missing"
        log=$(mktemp)
        quietly() {
            "$@" >>"$log" 2>&1 || {
                tail -n 5 "$log" >&2
                echo "No se pudieron instalar. Revise la red y repita: $install" >&2
                exit 1
            }
        }
        # PostgreSQL and Mosquitto are for the tests, which start their own: no cluster is made, no service is left running
        asleep=""
        case "$missing " in *" mosquitto "*) [ ! -d /run/systemd/system ] || asleep=mosquitto.service ;; esac
        [ -z "$asleep" ] || quietly $as_root systemctl mask --runtime "$asleep"
        quietly $as_root apt-get update -qq
        quietly $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $install
        [ -z "$asleep" ] || quietly $as_root systemctl unmask --runtime "$asleep"
        [ -z "$asleep" ] || quietly $as_root systemctl disable "$asleep"
        rm -f "$log"
    fi
fi

# The tests' Asterisk comes meanwhile. Where it does not, or lies in another folder, the tests see to it themselves
fetching=""
asterisk="${CONTESTA_CACHE_DIR:-$HOME/.cache/contesta}/asterisk"
if [ "$what" = test ] && [ ! -x "$asterisk/asterisk" ]; then
    sh asterisk_conf/provision.sh "$asterisk" >/dev/null 2>&1 &
    fetching=$!
fi

# The Python of the system, or the first one that is new enough
python=""
for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "Hace falta Python 3.11, 3.12 o 3.13 con el módulo venv." >&2; exit 1; }

stamp=".venv/$lock.installed"
if ! cmp -s "$lock" "$stamp"; then
    echo "• Entorno de Python ($lock)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$compile" --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    cp "$lock" "$stamp"
fi

# The libraries of the pages. What the tests need holds what the line needs
omit=--omit=dev
[ "$what" = test ] && omit=--include=dev
if ! cmp -s package-lock.json node_modules/.installed-test &&
    { [ "$what" = test ] || ! cmp -s package-lock.json node_modules/.installed-run; }; then
    echo "• Bibliotecas de las páginas (package-lock.json)"
    PATH="$PATH:$PWD/.venv/bin"
    command -v npm >/dev/null ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock
    npm ci --loglevel=error "$omit" >/dev/null || {
        echo "No se pudieron instalar. Revise la red y repita: ./setup.sh $what" >&2
        exit 1
    }
    cp package-lock.json "node_modules/.installed-$what"
fi

[ -z "$fetching" ] || wait "$fetching" || true
