package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
)

// The oldest version that works, with the module and with rehearsals. OpenTofu has
// the same numbers, from 1.6 on.
const (
	oldestMajor = 1
	oldestMinor = 5
)

// ErrNoTerraform is the error when no usable Terraform is installed.
var ErrNoTerraform = errors.New("no usable terraform or tofu: install Terraform 1.5 or newer " +
	"(https://developer.hashicorp.com/terraform/install) or OpenTofu " +
	"(https://opentofu.org/docs/intro/install/) and put it on the PATH")

// Terraform returns the path of terraform, or else tofu, from the PATH. The
// error wraps [ErrNoTerraform] when there is neither, or only old ones.
func Terraform(ctx context.Context) (string, error) {
	var faults []error
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err == nil {
			err = usable(ctx, path)
		}
		if err == nil {
			return path, nil
		}
		faults = append(faults, err)
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("find terraform: %w", err)
	}
	return "", fmt.Errorf("%w: %w", ErrNoTerraform, errors.Join(faults...))
}

// usable returns an error unless the program is new enough.
func usable(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, path, "version", "-json")
	cmd.Env = append(cmd.Environ(), "CHECKPOINT_DISABLE=1")
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("get the version of %s: %w", path, err)
	}
	var answer struct {
		Version string `json:"terraform_version"` // OpenTofu kept the name
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return fmt.Errorf("read the version of %s: %w", path, err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(answer.Version, "%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("read the version %q of %s: %w", answer.Version, path, err)
	}
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return fmt.Errorf("%s has version %s, which is too old", path, answer.Version)
	}
	return nil
}
