package imageregistry

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// maxFailures bounds how many failed pulls are remembered.
const maxFailures = 256

// A FailedPull is an image that a machine asked for and did not get.
type FailedPull struct {
	Machine

	Image  string // as users write it, such as prom/prometheus:latest
	Reason string // such as: no route to registry-1.docker.io
	Remedy string // what to do, such as: give it with -image prom/prometheus=ARCHIVE
}

func (p FailedPull) String() string {
	return fmt.Sprintf("%s pulled %s and did not get it: %s; %s", p.Name, p.Image, p.Reason, p.Remedy)
}

type failures struct {
	logger *slog.Logger

	mu  sync.Mutex
	all []FailedPull // the oldest first
}

// remember notes what a machine did not get. The last reason counts.
func (f *failures) remember(machine Machine, image, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.all {
		if f.all[i].Machine == machine && f.all[i].Image == image {
			f.all[i].Reason = reason
			return
		}
	}
	if len(f.all) == maxFailures {
		f.all = slices.Delete(f.all, 0, 1)
	}
	f.all = append(f.all, FailedPull{Machine: machine, Image: image, Reason: reason, Remedy: remedy(image)})
	f.logger.Warn("machine did not get an image", "machine", machine.Name, "image", image, "reason", reason, "remedy", remedy(image))
}

// forget is called when a machine got the image in the end.
func (f *failures) forget(machine Machine, image string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = slices.DeleteFunc(f.all, func(p FailedPull) bool { return p.Machine == machine && p.Image == image })
}

func (f *failures) list() []FailedPull {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

// remedy says what to do about an image.
func remedy(image string) string {
	return "give it with -image " + strings.TrimSuffix(image, ":latest") + "=ARCHIVE"
}
