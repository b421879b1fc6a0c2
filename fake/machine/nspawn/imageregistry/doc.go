// Package imageregistry is the container registries of machines that boot: it
// answers at the host names of Docker Hub, quay.io and others, so that what runs
// there runs here unchanged.
//
//	docker, podman ──TLS, quay.io──▶ Registry ──▶ images given: of a folder, an archive, this program
//	                                    └───────▶ the real quay.io, for everything else
//
// [Open] reads an image, [New] serves several. Blobs are read from where they
// lie whenever they are asked for. What the real registry refuses, or cannot be
// asked because there is no way to it, [Registry.FailedPulls] lists.
//
// The load generator's image is this program itself: no file, no network and no
// compiler is needed for it, see [LoadGenerator].
package imageregistry
