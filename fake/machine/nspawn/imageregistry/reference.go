package imageregistry

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/exopool/exopool/fake/vendordomains"
)

// Docker Hub has one name in names of images, and another one as the host that
// engines ask.
const (
	hubName = name.DefaultRegistry // index.docker.io
	hubHost = "registry-1.docker.io"
)

// known are registries that answer for all of their images here, so that pulls
// which fail are noticed. Others do once an image of theirs is given.
func known() []string {
	return []string{
		hubHost, hubName, "quay.io", "ghcr.io", "gcr.io", "lscr.io", "mcr.microsoft.com", "public.ecr.aws", "registry.gitlab.com", "registry.k8s.io",
	}
}

// parseReference reads the name of an image as in `docker run`.
func parseReference(text string) (name.Reference, error) {
	ref, err := name.ParseReference(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no name of an image, such as nginx:1.27 or quay.io/prometheus/node-exporter", text)
	}
	host, _, err := net.SplitHostPort(ref.Context().RegistryStr())
	if err != nil {
		host = ref.Context().RegistryStr()
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil, errors.New("its registry has no name that machines could look up")
	}
	if vendordomains.OfVendor(host) {
		return nil, errors.New("its registry is a host of Exoscale, for which the fake cloud itself answers")
	}
	return ref, nil
}

// hostOf returns the host, and its port unless that is 443, at which engines ask
// for the images of a registry.
func hostOf(registry string) string {
	if registry == hubName {
		return hubHost
	}
	return strings.TrimSuffix(strings.ToLower(registry), ":443")
}

// registryOf returns the registry that is asked at a host.
func registryOf(host string) string {
	if host == hubHost {
		return hubName
	}
	return host
}

// familiar returns the name that users write for an image: identifier is a tag
// or a digest.
func familiar(host, repository, identifier string) string {
	image := host + "/" + repository
	if registryOf(host) == hubName {
		image = strings.TrimPrefix(repository, "library/")
	}
	if strings.HasPrefix(identifier, "sha256:") {
		return image + "@" + identifier
	}
	return image + ":" + identifier
}
