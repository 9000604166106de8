# One image; the command says which part of Keepclear it is.
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends mosquitto tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/keepclear keepclear

WORKDIR /opt/keepclear

# One lock for everything, so that what runs is what was tested.
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY . .
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && install -d -o keepclear -g keepclear -m 0700 /var/lib/keepclear/var

USER keepclear
WORKDIR /var/lib/keepclear
ENV KEEPCLEAR_DATA_DIR=/var/lib/keepclear/var \
    KEEPCLEAR_BROKER=mosquitto \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/keepclear/var
EXPOSE 8080 1883
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["tini", "--", "keepclear"]
CMD ["serve"]
