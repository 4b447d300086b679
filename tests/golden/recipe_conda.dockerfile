FROM debian:13-slim
ARG PIP_CERT

# the packages of the code
ADD conda.tar /
COPY requirements.txt /opt/environment/requirements.txt
RUN /opt/conda-packages/bin/python3.8 -m venv --system-site-packages /opt/environment \
 && /opt/environment/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /opt/environment/requirements.txt

# the server that calls init() and run()
ADD python.tar /
COPY server /opt/mlops
RUN /opt/mlops-python/bin/python3 -m venv /opt/mlops \
 && /opt/mlops/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /opt/mlops/requirements.txt

# how it is served, the code, the models
COPY --chown=1000:1000 instance /var/azureml-app
COPY code /var/azureml-app/code
COPY models /opt/models

ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 CONDA_PREFIX=/opt/conda-packages PATH=/opt/environment/bin:/opt/conda-packages/bin:$PATH
USER 1000:1000
WORKDIR /var/azureml-app/code
EXPOSE 5001
ENTRYPOINT ["/opt/mlops/bin/python", "-I", "/opt/mlops/mlops_serving", "/var/azureml-app"]
CMD []
