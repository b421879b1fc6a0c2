package nspawn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// A builder builds templates when the first machine asks for them, one time for
// all machines that wait for the same one.
type builder struct {
	cfg    *Config
	ensure func(ctx context.Context, name string) (dir string, release func(), err error)
	// background runs a function until the driver ends.
	background func(func(context.Context))

	mu     sync.Mutex
	builds map[string]*build // by name of the template
	used   map[string]string // stand-ins that machines got
	held   []func()          // release the templates that are there
}

// A build is done when its channel is closed.
type build struct {
	done chan struct{}
	dir  string
	err  error
}

func newBuilder(cfg *Config, background func(func(context.Context))) *builder {
	return &builder{
		cfg: cfg, background: background, builds: map[string]*build{}, used: map[string]string{},
		ensure: func(ctx context.Context, name string) (string, func(), error) {
			return template.Ensure(ctx, cfg.template(), name)
		},
	}
}

// resolve returns the template that a machine gets for the one that it wants.
func (b *builder) resolve(wanted string) (name string, err error) {
	if standIn, ok := b.cfg.StandIns[wanted]; ok {
		name, _ = template.Find(standIn)
		return name, nil
	}
	if name, ok := template.Find(wanted); ok && name == wanted {
		return name, nil
	}
	return "", fmt.Errorf("there is no template %q for machines that really boot, only %s; %s",
		wanted, strings.Join(template.Names(), ", "), b.advice(wanted))
}

// advice says how another template stands in for one that cannot be had.
func (b *builder) advice(wanted string) string {
	setting := wanted + "=" + template.Short(template.Default)
	if wanted == template.Default {
		return "another mirror may have it"
	}
	if b.cfg.TemplateFlag == "" {
		return fmt.Sprintf("a stand-in for it is set as %q", setting)
	}
	return fmt.Sprintf("%s %q lets Debian 13 stand in", b.cfg.TemplateFlag, setting)
}

// get begins to build the template that a machine wants, unless it is there.
func (b *builder) get(wanted string) *build {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, err := b.resolve(wanted)
	if err != nil {
		return failed(err)
	}
	if name != wanted && b.used[wanted] == "" {
		b.used[wanted] = name
		b.cfg.Logger.Warn("another template stands in", "template", wanted, "stand_in", name)
	}
	if running := b.builds[name]; running != nil {
		return running
	}
	started := &build{done: make(chan struct{})}
	b.builds[name] = started
	b.background(func(ctx context.Context) {
		defer close(started.done)
		dir, release, err := b.ensure(ctx, name)
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w\nwithout this template: %s", err, b.advice(wanted))
		}
		started.dir, started.err = dir, err
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			delete(b.builds, name) // the next machine tries again
			return
		}
		b.held = append(b.held, release)
	})
	return started
}

// release lets other programs remove the templates, when no machine is left and
// nothing is being built.
func (b *builder) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, release := range b.held {
		release()
	}
	b.held = nil
}

func failed(err error) *build {
	b := &build{done: make(chan struct{}), err: err}
	close(b.done)
	return b
}

// standIns returns the stand-ins that machines got, by the template they wanted.
func (b *builder) standIns() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.used)
}

// ExamineTemplates tests which templates are there or can be built. Those that
// cannot matter only to instances that ask for them.
func ExamineTemplates(ctx context.Context, cfg Config) []Requirement {
	cfg = cfg.withDefaults()
	names := template.Names()
	list := make([]Requirement, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			list[i] = Requirement{Name: name}
			if template.Cached(cfg.template(), name) {
				return
			}
			if err := template.Reach(ctx, cfg.template(), name); err != nil {
				list[i].Problem, list[i].Remedy = err.Error(), (&builder{cfg: &cfg}).advice(name)
			}
		})
	}
	asking.Wait()
	return list
}

// errNotWanted says that a machine was stopped before there was anything to stop.
var errNotWanted = errors.New("not wanted any more")

// awaitTemplate waits for the template, as long as the machine is wanted on.
func (m *machine) awaitTemplate(ctx context.Context, wanted string) (dir string, err error) {
	b := m.templates.get(wanted)
	for {
		select {
		case <-b.done:
			return b.dir, b.err
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-m.changed:
			if m.wanted() != on {
				return "", errNotWanted
			}
		}
	}
}
