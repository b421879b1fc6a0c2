package handin

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifestName is the file that lists what a folder got from here, in the format
// of sha256sum.
const manifestName = ".handin.sha256"

// Write writes the folder dir to hand in: what the course's checker takes, with
// no need of the repository at root, from which it is made.
//
// An earlier version of it is replaced; other files in it, such as a state of
// Terraform, stay. What was not made by Write is never overwritten: that is an
// error, before anything is changed.
func Write(ctx context.Context, root, dir string) error {
	files, err := folder(ctx, root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: nothing secret, and for containers to read
		return err
	}
	target, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer target.Close()
	made, err := readManifest(target)
	if err == nil {
		err = refuse(target, files, made)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w: name a new folder", dir, err)
	}
	// Both versions, for a run that is interrupted: the next one replaces either.
	if err := writeManifest(target, files, made); err != nil {
		return err
	}
	for _, name := range files.names() {
		if err := target.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := target.WriteFile(name, files[name], 0o644); err != nil {
			return err
		}
	}
	for name := range made {
		if _, ok := files[name]; !ok {
			if err := target.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return writeManifest(target, files, nil)
}

// refuse returns an error if a file is in the way that Write has not made, or
// that was changed since, or if a folder is in use for something else.
func refuse(target *os.Root, files tree, made map[string][]string) error {
	if len(made) == 0 {
		entries, err := fs.ReadDir(target.FS(), ".")
		if err == nil && len(entries) > 0 {
			err = fmt.Errorf("it has %s, and was not made here", entries[0].Name())
		}
		return err
	}
	names := files.names()
	for name := range made {
		names = append(names, name)
	}
	for _, name := range names {
		content, err := target.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		ours := bytes.Equal(content, files[name]) || slices.Contains(made[name], hash(content))
		if !ours {
			return fmt.Errorf("%s was changed or is not made here", name)
		}
	}
	return nil
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// readManifest returns the hashes of the files that an earlier Write made, by
// name; none if there was none.
func readManifest(target *os.Root) (map[string][]string, error) {
	content, err := target.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	made := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s: %q is not a hash and a name", manifestName, lines.Text())
		}
		made[name] = append(made[name], sum)
	}
	return made, nil
}

func writeManifest(target *os.Root, files tree, made map[string][]string) error {
	var manifest strings.Builder
	for _, name := range files.names() {
		fmt.Fprintf(&manifest, "%s  %s\n", hash(files[name]), name)
	}
	for name, sums := range made {
		for _, sum := range sums {
			fmt.Fprintf(&manifest, "%s  %s\n", sum, name)
		}
	}
	return target.WriteFile(manifestName, []byte(manifest.String()), 0o644)
}
