# syntax=docker/dockerfile:1
# One image for the web server, the worker and all commands. It holds no secret: see compose.yaml.
# To pin the base by its digest: docker build --build-arg PYTHON_IMAGE=python@sha256:… .
ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv
COPY requirements.txt /build/
# Ready-made packages only, each with the hash that was locked: nothing of theirs runs here.
RUN /opt/venv/bin/python -m pip install --only-binary=:all: --require-hashes -r /build/requirements.txt
COPY . /app
WORKDIR /app
# Collecting files needs some secrets to start; these are made here and kept nowhere.
RUN SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" \
    CREDENTIAL_KEYS="$(head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_')" \
    DATABASE_URL=sqlite:///:memory: STATIC_ROOT=/app/staticfiles \
    /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m whitenoise.compress --quiet /app/staticfiles \
    && /opt/venv/bin/python -m compileall -q /app

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/app/staticfiles
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin meshes
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "deploy/web_health.py"]
CMD ["gunicorn", "meshes.wsgi", "--bind", "0.0.0.0:8000", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]
