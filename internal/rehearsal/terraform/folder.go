package terraform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config configures a [Folder]. Program, Dir and Env are required.
type Config struct {
	Program string   // path of terraform or tofu
	Dir     string   // the configuration; nothing is written there
	Env     []string // the whole environment of the program: nothing is added

	// Root is the folder to copy, Dir or one above; by default that of the
	// Git repository around Dir.
	Root string
	// Variables are passed in a file that overrides all others. Those that
	// the configuration does not declare are ignored, with a warning.
	Variables map[string]string
	// Args are further arguments of apply and destroy, such as -var name=value.
	Args []string
	// KeepLock keeps the configuration's lock file of providers.
	KeepLock bool
	// Overrides returns, given the copy after it was initialized, texts of files that
	// are read last in a folder of it, by folder; nil means none.
	Overrides func(dir string) (map[string]string, error)
	// Output gets all that the program writes; discarded by default.
	Output io.Writer
	// Grace is how long the program may take to end after an interrupt;
	// 2 min when zero.
	Grace time.Duration
	// Kill, when closed, kills the program and all that it has started; nil
	// means never.
	Kill <-chan struct{}
}

func (c Config) withDefaults() Config {
	if c.Output == nil {
		c.Output = io.Discard
	}
	c.Grace = cmp.Or(c.Grace, 2*time.Minute)
	return c
}

// A Folder is a copy of a configuration with a state of its own.
type Folder struct {
	cfg       Config
	temporary string // removed by Close
	dir       string // in it
	variables string // file
	prepared  bool   // the overrides were written
}

// New copies the configuration. The caller closes the folder.
func New(cfg Config) (*Folder, error) {
	if err := Check(cfg.Dir); err != nil {
		return nil, err
	}
	// A link to a folder is not followed when folders are copied.
	dir, err := realPath(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
	}
	root := rootOf(dir)
	if cfg.Root != "" {
		if root, err = realPath(cfg.Root); err != nil {
			return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
		}
	}
	within, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(within) {
		return nil, fmt.Errorf("copy configuration: %s is not in %s", cfg.Dir, root)
	}
	f := &Folder{cfg: cfg.withDefaults()}
	if f.temporary, err = os.MkdirTemp("", "exopool-rehearsal-"); err != nil { // for its owner only
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
	}
	if err := f.copyFrom(root, within); err != nil {
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, errors.Join(err, f.Close()))
	}
	return f, nil
}

// realPath returns the absolute path of a folder, with links resolved.
func realPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// Check returns an error if a folder cannot be a configuration. It is meant for
// before anything is prepared.
func Check(dir string) error {
	// Not by a pattern: the name may have brackets.
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read configuration: %w", err)
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".tf") || strings.HasSuffix(e.Name(), ".tf.json")
	}) {
		return fmt.Errorf("%s is not a folder with Terraform configuration: it has no *.tf file", dir)
	}
	return nil
}

// override is read after the configuration, and replaces its backend, or its
// cloud block, if any.
const override = "terraform {\n  backend \"local\" {}\n}\n"

// overrideName returns a name for a file with overrides that is read last in a
// folder: such files are read in the order of their names, and the last one
// counts.
func overrideName(dir string) (string, error) {
	entries, err := os.ReadDir(dir) // in order
	if err != nil {
		return "", err
	}
	name := "zz_rehearsal_override.tf"
	for _, entry := range entries {
		if entry.Name() >= name {
			name = entry.Name() + "_rehearsal_override.tf"
		}
	}
	return name, nil
}

// copyFrom copies root, of which within is the configuration, and adds the
// override and the variables.
func (f *Folder) copyFrom(root, within string) error {
	copied := filepath.Join(f.temporary, filepath.Base(root))
	if err := os.Mkdir(copied, 0o700); err != nil {
		return err
	}
	own, err := filepath.EvalSymlinks(f.temporary) // where TMPDIR is below root, too
	if err != nil {
		return err
	}
	skip := leftOut(f.cfg.KeepLock)
	if err := copyTree(copied, root, func(name string) bool { return filepath.Join(root, name) == own || skip(name) }); err != nil {
		return err
	}
	f.dir = filepath.Join(copied, within)
	name, err := overrideName(f.dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(override), 0o600); err != nil {
		return err
	}
	text, err := json.Marshal(f.cfg.Variables)
	if err != nil {
		return err
	}
	f.variables = filepath.Join(f.temporary, "variables.tfvars.json")
	return os.WriteFile(f.variables, text, 0o600)
}

// Dir returns the copy of the configuration.
func (f *Folder) Dir() string { return f.dir }

// Close removes the copy, and with it the state.
func (f *Folder) Close() error { return os.RemoveAll(f.temporary) }

// Apply initializes the folder and applies it. When ctx ends, the program is
// interrupted as with Ctrl-C and may end in order. The error repeats the end of
// the program's output.
func (f *Folder) Apply(ctx context.Context) error {
	if err := f.run(ctx, "init", "-input=false", "-no-color"); err != nil {
		return err
	}
	if err := f.prepare(); err != nil {
		return fmt.Errorf("prepare the copy of %s: %w", f.cfg.Dir, err)
	}
	return f.run(ctx, f.command("apply")...)
}

// Destroy destroys all that Apply has created.
func (f *Folder) Destroy(ctx context.Context) error { return f.run(ctx, f.command("destroy")...) }

func (f *Folder) command(name string) []string {
	return slices.Concat([]string{name, "-auto-approve", "-input=false", "-no-color"}, f.cfg.Args, []string{"-var-file=" + f.variables})
}

// Resources returns the addresses of what the state lists; none when there is
// no state.
func (f *Folder) Resources(ctx context.Context) ([]string, error) {
	switch info, err := os.Stat(filepath.Join(f.dir, "terraform.tfstate")); {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil // nothing was applied, maybe not even initialized
	case err != nil:
		return nil, fmt.Errorf("read the state: %w", err)
	case info.Size() == 0:
		return nil, nil // Terraform was killed early
	}
	var state bytes.Buffer
	end := &tail{}
	if err := f.exec(ctx, &state, end, end, "show", "-json", "-no-color"); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return addresses(state.Bytes())
}

// run runs the program; all that it writes goes to the configured output.
func (f *Folder) run(ctx context.Context, args ...string) error {
	end := &tail{}
	output := io.MultiWriter(f.cfg.Output, end)
	return f.exec(ctx, output, output, end, args...)
}

// exec runs the program. An error repeats the end of its output.
func (f *Folder) exec(ctx context.Context, stdout, stderr io.Writer, end *tail, args ...string) error {
	cmd := exec.CommandContext(ctx, f.cfg.Program, args...) //nolint:gosec // the user's Terraform
	cmd.Dir, cmd.Env = f.dir, f.cfg.Env
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = f.cfg.Grace
	newProcessGroup(cmd)
	err := f.startAndWait(ctx, cmd)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s %s: %w%s", filepath.Base(f.cfg.Program), args[0], err, end)
}

// startAndWait starts the program and waits for its end.
func (f *Folder) startAndWait(ctx context.Context, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-f.cfg.Kill:
			killGroup(cmd)
		case <-ended:
		}
	})
	err := cmd.Wait()
	close(ended)
	watch.Wait()
	if ctx.Err() != nil {
		// Commands of local-exec did not get the interrupt, or ignore it, and
		// would outlive the program.
		killGroup(cmd)
	}
	return err
}
