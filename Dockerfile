# Any image whose python3 is 3.11 or later, with venv; below both stages, as an environment points to the Python it was made with.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# Two environments: /build has pip and what makes the wheel, and stays behind; the other one is the image.
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/fargate-operator
COPY requirements/build.txt requirements/run.txt /src/requirements/
RUN /build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /src/requirements/build.txt && \
    /build/bin/pip --python /opt/fargate-operator/bin/python install --no-cache-dir --no-compile \
      --require-hashes --only-binary :all: -r /src/requirements/run.txt
COPY pyproject.toml README.md LICENSE /src/
COPY operator /src/operator
# The files of a read-only root are never written again, so their bytecode is made here, and never checked against them.
RUN /build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --no-index --wheel-dir /wheel /src && \
    /build/bin/pip --python /opt/fargate-operator/bin/python install --no-cache-dir --no-compile --no-deps --no-index /wheel/*.whl && \
    /opt/fargate-operator/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/fargate-operator/lib && \
    rm -f /opt/fargate-operator/bin/*ctivate* /opt/fargate-operator/.gitignore

FROM ${BASE}
LABEL org.opencontainers.image.title="fargate-operator" \
      org.opencontainers.image.description="A Kubernetes operator that turns each FargateApp into one AWS CloudFormation stack" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fargate-operator /opt/fargate-operator
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that runAsNonRoot can be checked; nobody's, so that it owns no file.
USER 65532:65532
ENTRYPOINT ["/opt/fargate-operator/bin/fargate-operator"]
CMD ["run"]
