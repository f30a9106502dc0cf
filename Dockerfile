# syntax=docker/dockerfile:1
# With a digest where you know one: docker build --build-arg BASE=python:3.13-slim@sha256:… .
ARG BASE=docker.io/library/python:3.13-slim
FROM ${BASE} AS build
# the time of the commit, if the same bytes are to be built again: deploy/make-release
ARG SOURCE_DATE_EPOCH
# Only the environment that builds has pip. It installs into both, so that the image has none.
RUN python -m venv /opt/build && python -m venv --without-pip /opt/mailgate
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN for each in mailgate:requirements.lock build:requirements-build.lock; do \
      /opt/build/bin/pip --python "/opt/${each%%:*}" install --no-cache-dir --no-compile --disable-pip-version-check \
        --only-binary :all: --require-hashes -r "${each#*:}" || exit 1; \
    done
# everything that .dockerignore lets in: the sources of the package
COPY . .
# A wheel leaves its own build files in bazel-project. All modules are compiled again (-f), since pip has compiled with times those that it imported.
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
 && /opt/build/bin/pip --python /opt/mailgate install --no-deps --no-index --no-cache-dir --no-compile \
      --disable-pip-version-check dist/*.whl \
 && rm -rf /opt/mailgate/lib/python*/site-packages/bazel-project \
 && /opt/mailgate/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/mailgate

FROM ${BASE}
ARG SOURCE_DATE_EPOCH
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mailgate \
 && install -d -o mailgate -g mailgate -m 0700 /var/lib/mailgate \
 && install -d /etc/mailgate
COPY --from=build /opt/mailgate /opt/mailgate
COPY --chmod=0644 LICENSE /usr/share/doc/mailgate/LICENSE
COPY --chmod=0644 deploy/compose/healthcheck.py /usr/local/lib/mailgate-healthcheck.py
ENV PATH=/opt/mailgate/bin:$PATH MAILGATE_CONFIG=/etc/mailgate/mailgate.yaml PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Nothing but the state directory is ever written: the root file system may be read-only.
VOLUME /var/lib/mailgate
WORKDIR /var/lib/mailgate
USER 10001:10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-I", "/usr/local/lib/mailgate-healthcheck.py"]
ENTRYPOINT ["mailgate"]
CMD ["run"]
