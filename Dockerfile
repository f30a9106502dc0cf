# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
RUN python -m venv /opt/mailgate
COPY requirements.lock /tmp/requirements.lock
RUN /opt/mailgate/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
      --require-hashes -r /tmp/requirements.lock
COPY proxy/mailgate /tmp/mailgate
RUN cp -r /tmp/mailgate "$(/opt/mailgate/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && /opt/mailgate/bin/python -m compileall -q /opt/mailgate

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mailgate \
 && install -d -o mailgate -g mailgate -m 0700 /var/lib/mailgate \
 && install -d /etc/mailgate
COPY --from=build /opt/mailgate /opt/mailgate
COPY LICENSE /usr/share/doc/mailgate/LICENSE
COPY deploy/compose/healthcheck.py /usr/local/lib/mailgate-healthcheck.py
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Nothing but the state directory is ever written: the root file system may be read-only.
VOLUME /var/lib/mailgate
WORKDIR /var/lib/mailgate
USER 10001:10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["/opt/mailgate/bin/python", "-I", "/usr/local/lib/mailgate-healthcheck.py"]
ENTRYPOINT ["/opt/mailgate/bin/python", "-m", "mailgate"]
CMD ["run", "--config", "/etc/mailgate/mailgate.yaml"]
