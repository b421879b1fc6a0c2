// Package containerhost builds and runs containers on a machine that boots with the
// fake cloud: no container engine is needed on this host, and what runs in
// the containers reaches the fake cloud as on any machine of it.
//
//	Host ──▶ helper machine ──▶ podman build, podman run
//
// The machine is started by the first build. Images and containers are what
// docker would make of the same folder: names without a registry are those of
// Docker Hub, HEALTHCHECK and SHELL hold, a stop is SIGTERM and, ten
// seconds later, SIGKILL.
package containerhost
