// Package images_test runs the container images of a release with podman, on a
// machine that boots: as a user does, with a read-only root file system and
// without capabilities, against the fake cloud, which is a container, too.
package images_test
