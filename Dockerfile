# One small image per program:
#
#   docker build --target autoscaler -t exopool/autoscaler .
#   docker build --target discovery -t exopool/discovery .
#   docker build --target fakecloud -t exopool/fakecloud .
#
# and so on for the other stages that start from scratch. "make images" builds the
# same images from this file without an engine, for several platforms. It knows
# few instructions, and refuses others.
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

FROM source AS build-fakecloud
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/fakecloud
RUN install -d -m 1777 /out/dirs/tmp

FROM source AS build-demo
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/demo
RUN install -d -m 1777 /out/dirs/tmp

FROM source AS build-replay
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/replay

FROM source AS build-sweep
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/sweep

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
LABEL org.opencontainers.image.description="A web application that is slow on purpose"
USER 65534:65534
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/http-load-generator", "healthcheck"]
ENTRYPOINT ["/http-load-generator"]

# Answers on loopback only: run it with --network host, or let other containers
# share its network.
FROM scratch AS fakecloud
COPY --from=build-fakecloud /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-fakecloud /out/fakecloud /fakecloud
COPY --from=build-fakecloud /out/dirs/ /
LABEL org.opencontainers.image.description="Answers the Exoscale API without an account, with pools, load balancers and faults"
USER 65534:65534
# Where it notes that it runs, for its other commands in the same container.
ENV XDG_RUNTIME_DIR=/tmp
VOLUME /tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/fakecloud", "healthcheck"]
ENTRYPOINT ["/fakecloud"]

FROM scratch AS demo
COPY --from=build-demo /out/demo /demo
COPY --from=build-demo /out/dirs/ /
LABEL org.opencontainers.image.description="Shows how the number of servers follows the load, with a fake cloud"
USER 65534:65534
VOLUME /tmp
ENTRYPOINT ["/demo"]

FROM scratch AS replay
COPY --from=build-replay /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-replay /out/replay /replay
LABEL org.opencontainers.image.description="Tries ways to scale an instance pool on loads of the past"
USER 65534:65534
ENTRYPOINT ["/replay"]

FROM scratch AS sweep
COPY --from=build-sweep /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-sweep /out/sweep /sweep
LABEL org.opencontainers.image.description="Deletes what an interrupted terraform apply left in an Exoscale account"
USER 65534:65534
ENTRYPOINT ["/sweep"]

# Starts as root, and then becomes the owner of the folder of the targets file and
# drops all capabilities: that folder is usually a bind mount whose owner only the
# host knows. docker run --user sets the user from the start.
FROM scratch AS discovery
COPY --from=build-discovery /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-discovery /out/discovery /discovery
COPY --from=build-discovery --chown=65534:65534 /out/targets/ /
LABEL org.opencontainers.image.description="Keeps Prometheus' targets equal to the members of Exoscale instance pools"
VOLUME /srv/service-discovery
# In a container, listen on all addresses: the engine decides who has access.
ENV DISCOVERY_LISTEN=0.0.0.0:8091
EXPOSE 8091
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/discovery", "healthcheck"]
ENTRYPOINT ["/discovery"]

# Keeps its state in a volume. A host folder in its place must belong to the user
# 65534, or to the one that docker run --user names.
FROM scratch AS autoscaler
COPY --from=build-autoscaler /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-autoscaler /out/autoscaler /autoscaler
COPY --from=build-autoscaler --chown=65534:65534 /out/state/ /
LABEL org.opencontainers.image.description="Scales an Exoscale instance pool by what alert webhooks ask for"
USER 65534:65534
VOLUME /var/lib/autoscaler
# In a container, listen on all addresses: the engine decides who has access.
ENV LISTEN_ADDRESS=0.0.0.0
EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/autoscaler", "healthcheck"]
ENTRYPOINT ["/autoscaler"]
