package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

// imageKind returns the kind of NAME=FOLDER and NAME=ARCHIVE.
func imageKind() settings.Kind[*imageregistry.Image] {
	return settings.Kind[*imageregistry.Image]{
		Arg: "NAME=FOLDER|ARCHIVE", Remedy: "give NAME=FOLDER or NAME=ARCHIVE, such as prom/prometheus=prometheus.tar, which " +
			"docker save -o prometheus.tar prom/prometheus writes",
		Parse: func(text string) (*imageregistry.Image, error) {
			name, path, ok := strings.Cut(text, "=")
			if !ok || name == "" || path == "" {
				return nil, settings.ErrMalformed
			}
			image, err := imageregistry.Open(name, path)
			if err != nil {
				return nil, fmt.Errorf("names an image that cannot be used: %w", err)
			}
			return image, nil
		},
	}
}

// images returns those that machines get: the load generator's, and those given.
// Without the former, machines get it from the internet, so that this is no reason not to
// start.
func (c config) images(ctx context.Context, logger *slog.Logger) []*imageregistry.Image {
	if c.Machines != machinesNspawn {
		return nil
	}
	generator, err := imageregistry.LoadGenerator(ctx)
	if err != nil {
		logger.Warn("machines get the load generator's image from the internet", "err", err)
		return c.Images
	}
	return append([]*imageregistry.Image{generator}, c.Images...)
}

// reportFailedPulls prints which images machines did not get, if any.
func (p program) reportFailedPulls(cloud *fakecloud.Cloud) {
	pulls := cloud.FailedPulls()
	if len(pulls) == 0 {
		return
	}
	fmt.Fprint(p.stderr, "\nfakecloud: machines did not get these images:\n")
	for _, pull := range pulls {
		fmt.Fprintf(p.stderr, "  %v\n", pull)
	}
}
