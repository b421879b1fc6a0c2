// Package imagelayout makes container images from files: a program, a file
// system, anything. [Write] puts them into a folder of the form of the OCI's
// image layout, which `fakecloud -image`, skopeo and podman read.
package imagelayout
