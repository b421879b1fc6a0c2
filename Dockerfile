# One small image per program:
#
#   docker build --target autoscaler -t exopool/autoscaler .
#   docker build --target discovery -t exopool/discovery .
#   docker build --target http-load-generator -t exopool/http-load-generator .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ \
    ./cmd/autoscaler ./cmd/discovery ./cmd/http-load-generator

FROM scratch AS http-load-generator
COPY --from=build /out/http-load-generator /http-load-generator
USER 65534:65534
EXPOSE 8080
ENTRYPOINT ["/http-load-generator"]

# Runs as root unless told otherwise (docker run --user), because the folder of
# the targets file is usually a bind mount that belongs to root.
FROM scratch AS discovery
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/discovery /discovery
VOLUME /srv/service-discovery
EXPOSE 8091
ENTRYPOINT ["/discovery"]

# The same for the state directory.
FROM scratch AS autoscaler
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/autoscaler /autoscaler
VOLUME /var/lib/autoscaler
EXPOSE 8090
ENTRYPOINT ["/autoscaler"]
