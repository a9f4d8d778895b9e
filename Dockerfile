# The page and its service, on port 8080 as SageMaker wants it. How to build and where to run it: docs/hosting.md
FROM python:3.11-slim

WORKDIR /opt/paintgym
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY *.py py.typed ./
COPY painters painters
COPY envs envs
COPY agents agents
COPY webapp webapp
COPY scripts scripts
RUN pip install --no-cache-dir --constraint constraints.txt ".[mp4]" \
    && useradd --create-home painter \
    && install --directory --owner painter /paintings

USER painter
WORKDIR /home/painter
# SageMaker and load balancers call by names and addresses of their own; they stand before the container.
ENV PAINTGYM_TRUSTED_HOSTS=* PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz')"]
# SageMaker adds the word "serve"; whoever runs the image adds nothing.
ENTRYPOINT ["/bin/sh", "-c", "exec paintgym serve --host 0.0.0.0 --port 8080"]
