// Package images builds the container images of the programs, for several
// platforms, without a container engine and without a base image.
//
// What an image is like is written in the repository's Dockerfile and nowhere
// else: its last stage says user, ports, volumes, variables and health check, the
// stages before it which program and directories are in it. A [Recipe] is what
// this package understands of that, and it refuses instructions that it does
// not know, so that "docker build" and this package cannot differ unnoticed.
//
//	Dockerfile ──▶ Recipes ──▶ Build, per platform ──▶ Write (folder), Push (registry)
//
// Images have the form of Docker's, as that of the OCI has no health check.
package images
