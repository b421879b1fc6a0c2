package providers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// DefaultRegistry is Terraform's registry of providers.
const DefaultRegistry = "https://registry.terraform.io"

// A Config configures [Install]. The zero value is valid.
type Config struct {
	// Cache is the folder for built providers and configuration files,
	// exopool/providers in the user's cache folder by default. Any number of
	// processes may share one, and it may be deleted while none runs.
	Cache string

	// Registry is the address of the registry to try first, without a path;
	// [DefaultRegistry] by default.
	Registry string

	// Program is the path of a provider exoscale/exoscale that was built
	// elsewhere, such as one of another version, to use instead of that of the
	// registry or of this package. Its file is named as in releases:
	// terraform-provider-exoscale_v1.2.3. By default none.
	Program string

	// Logger gets which providers run, and the progress of builds; discarded by
	// default.
	Logger *slog.Logger

	// Waiting is told what is waited for, such as a build, and returns what to call
	// when it is over. By default nobody is told.
	Waiting func(what string) (end func())
}

// A Provider is one program that was built instead of downloaded.
type Provider struct {
	Source  string // as configurations name it: exoscale/exoscale
	Version string // without a leading v
	StandIn bool   // a replacement with the name of the original
	Path    string // the program
}

// A Mirror is what Terraform needs to find its providers.
type Mirror struct {
	// ConfigFile is the CLI configuration file to name in TF_CLI_CONFIG_FILE.
	ConfigFile string
	// Built lists the providers that were built or chosen; none where the
	// registry answers and all are genuine downloads.
	Built []Provider
}

// Environment returns the variables to set for Terraform. They replace the
// configuration file of the user, and switch off the plugin cache, which
// concurrent runs damage.
func (m Mirror) Environment() map[string]string {
	return map[string]string{
		"TF_CLI_CONFIG_FILE":  m.ConfigFile,
		"TF_PLUGIN_CACHE_DIR": "",
		"CHECKPOINT_DISABLE":  "1",
	}
}

// Install checks whether the registry answers and, if not, builds the providers
// that are not built yet. The first time that takes about 90 seconds on two
// cores, and the network for the module proxy; later well below one.
//
// It needs the go command, and a working folder inside the repository.
func Install(ctx context.Context, cfg Config) (Mirror, error) {
	cfg = cfg.withDefaults()
	cache, err := cfg.cacheFolder()
	if err != nil {
		return Mirror{}, err
	}
	built, err := cfg.build(ctx, cache)
	if err != nil {
		return Mirror{}, err
	}
	file, err := writeConfig(cache, built)
	if err != nil {
		return Mirror{}, err
	}
	return Mirror{ConfigFile: file, Built: programs(built)}, nil
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Waiting == nil {
		c.Waiting = func(string) func() { return func() {} }
	}
	c.Registry = cmp.Or(c.Registry, DefaultRegistry)
	return c
}

// cacheFolder makes the folder for built providers and returns its path.
func (c Config) cacheFolder() (string, error) {
	folder := c.Cache
	if folder == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder for providers: %w", err)
		}
		folder = filepath.Join(user, "exopool", "providers")
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("find the cache folder for providers: %w", err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", fmt.Errorf("make the cache folder for providers: %w", err)
	}
	return folder, nil
}

// build builds what is missing, which is nothing where the registry answers.
func (c Config) build(ctx context.Context, cache string) ([]artifact, error) {
	var built []artifact
	if c.Program != "" {
		a, err := chosen(cache, c.Program)
		if err != nil {
			return nil, fmt.Errorf("use provider %s: %w", exoscaleSource, err)
		}
		c.Logger.Warn("terraform runs a local provider", "provider", a.source, "version", a.version, "kind", "CHOSEN by its user")
		built = append(built, a)
	}
	unreachable := checkRegistry(ctx, c.Registry)
	if unreachable == nil {
		c.Logger.Warn("terraform downloads GENUINE providers", "registry", c.Registry)
		return built, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("check the Terraform registry: %w", err)
	}
	c.Logger.Warn("no Terraform registry: using providers built on this host", "registry", c.Registry, "err", unreachable)
	b := builder{cache: cache, logger: c.Logger, waiting: c.Waiting}
	for _, r := range recipes() {
		if r.source == exoscaleSource && c.Program != "" {
			continue
		}
		a, err := b.build(ctx, r)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("build provider %s: %w", r.source, err),
				fmt.Errorf("the Terraform registry cannot be reached: %w", unreachable))
		}
		built = append(built, a)
		kind := "GENUINE provider, built from its source"
		if r.standIn {
			kind = "STAND-IN, not the genuine provider"
		}
		c.Logger.Warn("terraform runs a local provider", "provider", r.source, "version", a.version, "kind", kind)
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
