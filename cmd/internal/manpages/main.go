// Manpages writes the manual pages of all programs into a folder, for archives and
// packages:
//
//	go run ./cmd/internal/manpages DIR
//
// It has to run in the repository: each program writes its own pages.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: manpages DIR")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	programs, err := filepath.Glob("cmd/*/main.go")
	if err == nil {
		err = write(ctx, os.Args[1], programs)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

// write has the programs with these main files write their pages.
func write(ctx context.Context, dir string, mains []string) error {
	if len(mains) == 0 {
		return fmt.Errorf("there is no program in %s", filepath.Join("cmd", "*", "main.go"))
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, name := range mains {
		program := "./" + filepath.ToSlash(filepath.Dir(name))
		cmd := exec.CommandContext(ctx, "go", "run", program, "man", dir) //nolint:gosec // of the repository
		cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=")                // pages are written here, whatever is built
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("write the pages of %s: %w", program, err)
		}
	}
	return nil
}
