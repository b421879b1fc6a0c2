package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/internal/providers"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

// A terraformInstallation is what Terraform needs to run here.
type terraformInstallation struct {
	program string
	mirror  providers.Mirror // zero where the user or the registry provides
}

// findTerraform finds Terraform, and builds its providers where necessary.
func (p program) findTerraform(ctx context.Context) (t terraformInstallation, err error) {
	defer p.wait("looking for Terraform and its providers", 0).End()
	if t.program, err = providers.Terraform(ctx); err != nil {
		return t, err
	}
	t.mirror, err = p.providerMirror(ctx)
	return t, err
}

// copyFolder copies the folder to rehearse, to be applied to a cloud. Closing
// kill ends Terraform without destroying anything.
func (p program) copyFolder(r rehearsal, t terraformInstallation, cloud *fakecloud.Cloud, kill <-chan struct{}) (*terraform.Folder, error) {
	var changes map[string]string
	if t.mirror.ConfigFile != "" {
		changes = t.mirror.Environment()
	}
	connection := cloud.Connection()
	cfg := terraform.Config{
		Program: t.program, Dir: r.dir, Root: r.root, Args: r.arguments,
		Env: terraformEnviron(cloud.Environ(p.environ), changes),
		Variables: map[string]string{
			"exoscale_key": connection.Key, "exoscale_secret": connection.Secret,
		},
		KeepLock: len(t.mirror.Built) == 0, Kill: kill,
	}
	if r.Machines != machinesNspawn {
		cfg.Overrides = func(dir string) (map[string]string, error) { return r.overrides(dir, cfg.Env) }
	}
	if r.Verbose {
		cfg.Output = p.stderr
	}
	return terraform.New(cfg)
}

// providerMirror returns where Terraform finds its providers: the zero Mirror
// where the registry answers, or the user has said where they are.
func (p program) providerMirror(ctx context.Context) (providers.Mirror, error) {
	if p.choosesProviders() {
		return providers.Mirror{}, nil
	}
	mirror, err := providers.Install(ctx, providers.Config{
		Logger: newConsole(p.beside(p.stderr), slog.LevelInfo), Waiting: p.waiting,
	})
	switch {
	case err != nil:
		return mirror, fmt.Errorf("%w\n\nTerraform needs the provider registry. Without it, run this in exopool's repository "+
			"with Go installed, or name a CLI configuration file with a provider mirror in TF_CLI_CONFIG_FILE", err)
	case len(mirror.Built) == 0:
		return providers.Mirror{}, nil
	}
	return mirror, nil
}

// choosesProviders reports whether the user has a configuration file that says
// where providers come from.
func (p program) choosesProviders() bool {
	for _, assignment := range p.environ {
		name, value, _ := strings.Cut(assignment, "=")
		files := []string{value}
		switch name {
		case "TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG":
		case "HOME":
			files = []string{filepath.Join(value, ".terraformrc"), filepath.Join(value, ".tofurc")}
		default:
			continue
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "provider_installation") { //nolint:gosec // the user's own
				return true
			}
		}
	}
	return false
}

// terraformEnviron returns an environment with changes, and without the user's
// settings of Terraform, such as a workspace or a data directory.
func terraformEnviron(environ []string, changes map[string]string) []string {
	environ = slices.DeleteFunc(environ, func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		_, changed := changes[name]
		return changed || strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "TF_VAR_") && name != "TF_CLI_CONFIG_FILE"
	})
	for name, value := range changes {
		environ = append(environ, name+"="+value)
	}
	return environ
}
