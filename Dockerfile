# One small image per program:
#
#   docker build --target autoscaler -t exopool/autoscaler .
#   docker build --target discovery -t exopool/discovery .
#   docker build --target http-load-generator -t exopool/http-load-generator .
#
# The digest is that of golang:1.26.8 for all platforms, as published in
# https://github.com/docker-library/repo-info. Change tag and digest together.
#
# Empty lines separate stages: "make handin" picks those that an image needs.

FROM golang:1.26.8@sha256:9d2f36f06329b2a141b9db99ffa32765cf695ee57b813ca29e245e8670bcbfff AS source
WORKDIR /src
COPY . .

FROM source AS build-http-load-generator
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/http-load-generator

# New volumes get owner and mode from the image.
FROM source AS build-discovery
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/discovery
RUN install -d -m 0755 /out/targets/srv/service-discovery

# New volumes get owner and mode from the image.
FROM source AS build-autoscaler
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/autoscaler
RUN install -d -m 0700 /out/state/var/lib/autoscaler

FROM scratch AS http-load-generator
COPY --from=build-http-load-generator /out/http-load-generator /http-load-generator
USER 65534:65534
EXPOSE 8080
ENTRYPOINT ["/http-load-generator"]

# Starts as root, and then becomes the owner of the folder of the targets file and
# drops all capabilities: that folder is usually a bind mount whose owner only the
# host knows. docker run --user sets the user from the start.
FROM scratch AS discovery
COPY --from=build-discovery /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-discovery /out/discovery /discovery
COPY --from=build-discovery --chown=65534:65534 /out/targets/ /
VOLUME /srv/service-discovery
# In a container, listen on all addresses: the engine decides who has access.
ENV DISCOVERY_LISTEN=0.0.0.0:8091
EXPOSE 8091
ENTRYPOINT ["/discovery"]

# Keeps its state in a volume. A host folder in its place must belong to the user
# 65534, or to the one that docker run --user names.
FROM scratch AS autoscaler
COPY --from=build-autoscaler /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-autoscaler /out/autoscaler /autoscaler
COPY --from=build-autoscaler --chown=65534:65534 /out/state/ /
USER 65534:65534
VOLUME /var/lib/autoscaler
# In a container, listen on all addresses: the engine decides who has access.
ENV LISTEN_ADDRESS=0.0.0.0
EXPOSE 8090
ENTRYPOINT ["/autoscaler"]
