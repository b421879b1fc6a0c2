package acceptance

import "context"

// An Engine builds and runs the containers of the optional scenarios.
type Engine interface {
	// Build builds the Dockerfile in a folder; that folder alone is the context.
	Build(ctx context.Context, dir string) (image string, err error)
	// Start starts a container. It ends when it is closed.
	Start(ctx context.Context, spec ContainerSpec) (Container, error)
}

// A ContainerSpec says what to start.
type ContainerSpec struct {
	Image string
	Env   map[string]string
	Port  int // that is published; 0: none
}

// A Container is a running container.
type Container interface {
	// URL returns the address of the published port, as the rehearsal reaches it.
	URL() string
	// ReadFile reads a file of what is mounted at /srv/service-discovery.
	ReadFile(ctx context.Context, name string) ([]byte, error)
	// Stop asks the container to end, and kills it after a while.
	Stop(ctx context.Context) (exitCode int, err error)
	// Log returns its last output.
	Log(ctx context.Context) (string, error)
	Close(ctx context.Context) error
}
