package terraform

import (
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

// Config says what to run where. Program, Dir and Env are required.
type Config struct {
	Program string   // path of terraform or tofu
	Dir     string   // the configuration; nothing is written there
	Env     []string // of the program, whole: nothing is added from this process

	// Root is the folder to copy, Dir or one above; by default that of the
	// Git repository around Dir.
	Root string
	// Variables are handed over in a file that overrules all others. Those
	// that the configuration does not declare are ignored, with a warning.
	Variables map[string]string
	// Args are given to apply and destroy besides, such as -var name=value.
	Args []string
	// KeepLock keeps the configuration's lock file of providers.
	KeepLock bool
	// Output gets all that the program writes; nobody by default.
	Output io.Writer
	// Grace is how long the program may take to end after an interrupt;
	// 2 min when zero.
	Grace time.Duration
	// Drop, when closed, ends the program at once, with all that it has
	// started; nil means never.
	Drop <-chan struct{}
}

// A Folder is a copy of a configuration with a state of its own.
type Folder struct {
	cfg       Config
	temporary string // removed by Close
	dir       string // in it
	variables string // file
}

// New copies the configuration. The caller closes the folder.
func New(cfg Config) (*Folder, error) {
	if err := Check(cfg.Dir); err != nil {
		return nil, err
	}
	// A link to a folder is not followed when folders are copied.
	dir, err := resolved(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
	}
	root := rootOf(dir)
	if cfg.Root != "" {
		if root, err = resolved(cfg.Root); err != nil {
			return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
		}
	}
	within, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(within) {
		return nil, fmt.Errorf("copy configuration: %s is not in %s", cfg.Dir, root)
	}
	if cfg.Output == nil {
		cfg.Output = io.Discard
	}
	if cfg.Grace == 0 {
		cfg.Grace = 2 * time.Minute
	}
	f := &Folder{cfg: cfg}
	if f.temporary, err = os.MkdirTemp("", "exopool-rehearsal-"); err != nil { // for its owner only
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, err)
	}
	if err := f.fill(root, within); err != nil {
		return nil, fmt.Errorf("copy configuration %s: %w", cfg.Dir, errors.Join(err, f.Close()))
	}
	return f, nil
}

// resolved is the absolute name of a folder, without links on the way.
func resolved(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// Check tells, before anything is prepared for it, why a folder cannot be a
// configuration; nil if it may be one.
func Check(dir string) error {
	// Not a pattern: brackets in the name would mean something.
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

func (f *Folder) fill(root, within string) error {
	copied := filepath.Join(f.temporary, filepath.Base(root))
	if err := os.Mkdir(copied, 0o700); err != nil {
		return err
	}
	if err := copyTree(copied, root, own(f.cfg.KeepLock)); err != nil {
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

// Close removes the copy, and with it the state.
func (f *Folder) Close() error { return os.RemoveAll(f.temporary) }

// Apply initializes the folder and applies it. When ctx ends, the program is
// interrupted as with Ctrl-C and may end in order. The error ends with what the
// program said last.
func (f *Folder) Apply(ctx context.Context) error {
	if err := f.run(ctx, "init", "-input=false", "-no-color"); err != nil {
		return err
	}
	return f.run(ctx, f.command("apply")...)
}

// Destroy destroys all that Apply has made.
func (f *Folder) Destroy(ctx context.Context) error { return f.run(ctx, f.command("destroy")...) }

func (f *Folder) command(name string) []string {
	return slices.Concat([]string{name, "-auto-approve", "-input=false", "-no-color"}, f.cfg.Args, []string{"-var-file=" + f.variables})
}

// Resources returns the addresses of what the state lists; none when there is
// no state.
func (f *Folder) Resources() ([]string, error) {
	text, err := os.ReadFile(filepath.Join(f.dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return resources(text)
}

// resources returns what a state lists, as Terraform addresses it. A Terraform
// that is killed early leaves an empty file.
func resources(state []byte) (addresses []string, err error) {
	if len(state) == 0 {
		return nil, nil
	}
	var wire struct {
		Resources []struct{ Mode, Module, Type, Name string }
	}
	if err := json.Unmarshal(state, &wire); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range wire.Resources {
		address := r.Type + "." + r.Name
		if r.Mode == "data" {
			address = "data." + address
		}
		if r.Module != "" {
			address = r.Module + "." + address
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

func (f *Folder) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, f.cfg.Program, args...) //nolint:gosec // the user's Terraform
	cmd.Dir, cmd.Env = f.dir, f.cfg.Env
	said := &tail{}
	cmd.Stdout = io.MultiWriter(f.cfg.Output, said)
	cmd.Stderr = cmd.Stdout
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = f.cfg.Grace
	detach(cmd)
	err := f.attend(ctx, cmd)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s %s: %w%s", filepath.Base(f.cfg.Program), args[0], err, said)
}

// attend starts the program and waits for its end.
func (f *Folder) attend(ctx context.Context, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-f.cfg.Drop:
			drop(cmd)
		case <-ended:
		}
	})
	err := cmd.Wait()
	close(ended)
	watch.Wait()
	if ctx.Err() != nil {
		// Commands of local-exec have not heard of the interrupt, or do not
		// heed it, and would go on without anybody.
		drop(cmd)
	}
	return err
}
