package main

import (
	"fmt"
	"io"
	"os"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
)

// catalogKind returns the kind of files with a catalog.
func catalogKind() settings.Kind[exoapi.Catalog] {
	return settings.Kind[exoapi.Catalog]{
		Arg: "FILE", Parse: readCatalog,
		Remedy: `give a file such as {"instance-types": [{"family": "standard", "size": "nano", "cpus": 1, "memory": 268435456}], ` +
			`"templates": [{"name": "Linux Alpine 3 64-bit"}]}`,
	}
}

func readCatalog(name string) (exoapi.Catalog, error) {
	file, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return exoapi.Catalog{}, fmt.Errorf("cannot be read: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, exoapi.MaxCatalog+1))
	if err != nil {
		return exoapi.Catalog{}, fmt.Errorf("cannot be read: %w", err)
	}
	catalog, err := exoapi.ParseCatalog(text)
	if err != nil {
		return exoapi.Catalog{}, fmt.Errorf("holds no catalog: %w", err)
	}
	return catalog, nil
}
