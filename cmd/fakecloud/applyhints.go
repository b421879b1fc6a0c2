package main

import (
	"context"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

// An advisedFolder says what to do when it cannot be applied.
type advisedFolder struct {
	*terraform.Folder

	templates []string // that there are
}

func (f advisedFolder) Apply(ctx context.Context) error {
	err := f.Folder.Apply(ctx)
	if err == nil {
		return nil
	}
	return acceptance.WithHints(err, diagnosis.Apply(err.Error(), f.templates)...)
}
