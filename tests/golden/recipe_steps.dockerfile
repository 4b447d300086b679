FROM registry.example/base@sha256:12
ARG PIP_CERT

# numbers
RUN apt-get update && apt-get install -y libgomp1

# the packages of the code
COPY requirements.txt /opt/environment/requirements.txt
RUN python3.11 -m venv --system-site-packages /opt/environment

# the server that calls init() and run()
COPY server /opt/mlops
RUN python3.11 -m venv /opt/mlops \
 && /opt/mlops/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /opt/mlops/requirements.txt

# how it is served, the code, the models
COPY --chown=1000:1000 instance /var/azureml-app
COPY code /var/azureml-app/code
COPY models /opt/models

ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PATH=/opt/environment/bin:$PATH
USER 1000:1000
WORKDIR /var/azureml-app/code
EXPOSE 5001
ENTRYPOINT ["/opt/mlops/bin/python", "-I", "/opt/mlops/mlops_serving", "/var/azureml-app"]
CMD []
