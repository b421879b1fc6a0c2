package providers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// DefaultRegistry is where Terraform looks for providers.
const DefaultRegistry = "https://registry.terraform.io"

// A Config says where providers come from and where they are kept. The zero
// value serves.
type Config struct {
	// Cache is the folder for built providers and configuration files,
	// exopool/providers in the user's cache folder by default. Any number of
	// processes may share one, and it may be deleted while none runs.
	Cache string

	// Registry is the address of the registry to ask first, without a path;
	// [DefaultRegistry] by default.
	Registry string

	// Log is told which providers run, and how building goes on. Nobody is
	// by default.
	Log *slog.Logger
}

// A Provider is one program that was built instead of downloaded.
type Provider struct {
	Source  string // as configurations name it: exoscale/exoscale
	Version string // without a leading v
	StandIn bool   // whether it only plays the provider of that name
	Path    string // the program
}

// A Mirror is what Terraform needs to find its providers.
type Mirror struct {
	// ConfigFile is the CLI configuration file to name in TF_CLI_CONFIG_FILE.
	ConfigFile string
	// Built lists the providers that were built; none where the registry
	// answers and all are genuine downloads.
	Built []Provider
}

// Environment returns the variables to set for Terraform. They put the
// configuration file of the user out of force, and the plugin cache with it:
// several runs at once damage that.
func (m Mirror) Environment() map[string]string {
	return map[string]string{
		"TF_CLI_CONFIG_FILE":  m.ConfigFile,
		"TF_PLUGIN_CACHE_DIR": "",
		"CHECKPOINT_DISABLE":  "1",
	}
}

// Install finds out whether the registry answers and, if not, builds the
// providers that are not built yet. The first time that takes about 90 seconds
// on two cores, and the network for the module proxy; later well below one.
//
// It needs the go command, and a working folder inside the repository.
func Install(ctx context.Context, c Config) (Mirror, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == "" {
		c.Registry = DefaultRegistry
	}
	if c.Cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return Mirror{}, fmt.Errorf("find the cache folder for providers: %w", err)
		}
		c.Cache = filepath.Join(user, "exopool", "providers")
	}
	cache, err := filepath.Abs(c.Cache)
	if err != nil {
		return Mirror{}, fmt.Errorf("find the cache folder for providers: %w", err)
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return Mirror{}, fmt.Errorf("make the cache folder for providers: %w", err)
	}
	built, err := c.providers(ctx, cache)
	if err != nil {
		return Mirror{}, err
	}
	file, err := writeConfig(cache, built)
	if err != nil {
		return Mirror{}, err
	}
	return Mirror{ConfigFile: file, Built: programs(built)}, nil
}

// providers builds what is missing, which is nothing where the registry answers.
func (c Config) providers(ctx context.Context, cache string) ([]artifact, error) {
	unreachable := askRegistry(ctx, c.Registry)
	if unreachable == nil {
		c.Log.Warn("terraform downloads GENUINE providers", "registry", c.Registry)
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ask the Terraform registry: %w", err)
	}
	c.Log.Warn("no Terraform registry: using providers built on this computer", "registry", c.Registry, "err", unreachable)
	b := builder{cache: cache, log: c.Log}
	built := make([]artifact, 0, len(recipes()))
	for _, r := range recipes() {
		a, err := b.build(ctx, r)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("build provider %s: %w", r.source, err),
				fmt.Errorf("the Terraform registry is out of reach: %w", unreachable))
		}
		built = append(built, a)
		kind := "GENUINE provider, built from its source"
		if r.standIn {
			kind = "STAND-IN, not the genuine provider"
		}
		c.Log.Warn("terraform runs a local provider", "provider", r.source, "version", a.version, "kind", kind)
	}
	return built, nil
}

func programs(built []artifact) []Provider {
	list := make([]Provider, 0, len(built))
	for _, a := range built {
		list = append(list, Provider{Source: a.source, Version: a.version, StandIn: a.standIn, Path: a.program})
	}
	return list
}
