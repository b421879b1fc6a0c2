package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"time"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/internal/rehearsal/report"
)

// versionTimeout bounds what Terraform may take to say its version.
const versionTimeout = 10 * time.Second

// versions returns those of the programs that take part in a rehearsal. Terraform's
// is unknown where it does not say it in the usual form.
func versions(ctx context.Context, t terraformInstallation) []report.Version {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.program, "version", "-json") //nolint:gosec // G204: the user's Terraform
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1")         // it would ask for a newer one
	text, err := cmd.Output()
	var said struct {
		Version string `json:"terraform_version"`
	}
	if err != nil || json.Unmarshal(text, &said) != nil || said.Version == "" {
		said.Version = "unknown"
	}
	return []report.Version{{Program: "exopool", Version: command.Version()}, {Program: "Terraform", Version: said.Version}}
}

// describeMachines says what instances are, for people.
func (r *rehearsal) describeMachines() string {
	switch r.Machines {
	case machinesNspawn:
		return "boot, and execute their user-data (nspawn)"
	case machinesProcess:
		return "stand-ins that do not execute their user-data (process)"
	}
	return "on paper only (memory)"
}
