package nspawn

import (
	"context"
	"io/fs"
	"log/slog"
	"net/netip"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// WithDefaults returns the configuration with its defaults, and what is wrong
// with it.
func WithDefaults(c Config) (Config, error) {
	c = c.withDefaults()
	return c, c.validate()
}

// HostAuthorities are the certificates that a host trusts beyond the usual ones.
func HostAuthorities(root fs.FS) map[string][]byte { return hostAuthorities(root) }

// CauseOfDeath is the error of a machine that ended by itself.
func CauseOfDeath(console string, err error) error { return causeOfDeath(console, err) }

// Share is how many CPUs of this host a machine of a type gets.
func Share(c Config, cpus int) float64 { return c.share(driverapi.InstanceType{CPUs: cpus}) }

// Hosts are the names that machines find in their own network.
func Hosts(c Config, gateway, metadata netip.Addr) map[string]netip.Addr {
	return c.hosts(gateway, metadata)
}

// BuildTemplate builds what machines of a driver start from.
func BuildTemplate(ctx context.Context, c Config, name string) error {
	_, release, err := template.Ensure(ctx, c.withDefaults().template(), name)
	if err == nil {
		release()
	}
	return err
}

// TemplateCached reports whether a driver has nothing to build.
func TemplateCached(c Config, name string) bool {
	return template.Cached(c.withDefaults().template(), name)
}

// Unmet is the error that a list of requirements amounts to.
var Unmet = unmet

// A Builder builds templates by a function.
type Builder struct{ *builder }

// NewBuilder makes one. The function returns what releases a template.
func NewBuilder(c Config, ensure func(name string) (release func(), err error)) Builder {
	c.Logger = slog.New(slog.DiscardHandler)
	b := newBuilder(&c, func(work func(context.Context)) { go work(context.Background()) })
	b.ensure = func(_ context.Context, name string) (string, func(), error) {
		release, err := ensure(name)
		return "/" + name, release, err
	}
	return Builder{b}
}

// Get begins a build, and returns what waits for it.
func (b Builder) Get(wanted string) (wait func() error) {
	running := b.get(wanted)
	return func() error { <-running.done; return running.err }
}

// Release does what the end of a driver does.
func (b Builder) Release() { b.release() }

// StandIns returns those that were used.
func (b Builder) StandIns() map[string]string { return b.standIns() }

// UserOf is the default user that a machine is given.
func UserOf(c Config, template, user string) string {
	return c.userOf(driverapi.Machine{Template: template, DefaultUser: user})
}
