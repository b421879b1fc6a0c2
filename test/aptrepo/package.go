package aptrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Package is what becomes a .deb. All fields but Scripts are required.
type Package struct {
	Name        string
	Version     string
	Depends     string // as in Debian's control file; may be empty
	Description string // one line
	// Root holds the files at their places. It gets a folder DEBIAN.
	Root string
	// Scripts are maintainer scripts by their names, such as postinst.
	Scripts map[string]string
}

// A built package, with the paragraph that the index has for it.
type built struct {
	file      string // name in the pool
	paragraph string
}

// build makes the .deb in dir with dpkg-deb, which every Debian has.
func (p Package) build(ctx context.Context, dir string) (built, error) {
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: test <root@localhost>\n", p.Name, p.Version)
	if p.Depends != "" {
		control += "Depends: " + p.Depends + "\n"
	}
	control += "Description: " + p.Description + "\n"

	meta := filepath.Join(p.Root, "DEBIAN")
	if err := os.MkdirAll(meta, 0o755); err != nil { //nolint:gosec // dpkg-deb asks for 0755
		return built{}, fmt.Errorf("build package %s: %w", p.Name, err)
	}
	files := map[string]string{"control": control}
	for name, script := range p.Scripts {
		files[name] = script
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(meta, name), []byte(text), 0o755); err != nil { //nolint:gosec // scripts
			return built{}, fmt.Errorf("build package %s: %w", p.Name, err)
		}
	}
	file := fmt.Sprintf("%s_%s_amd64.deb", p.Name, p.Version)
	path := filepath.Join(dir, file)
	//nolint:gosec // G204: names come from the test
	output, err := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Znone", "--build", p.Root, path).CombinedOutput()
	if err != nil {
		return built{}, fmt.Errorf("build package %s: %w: %s", p.Name, err, strings.TrimSpace(string(output)))
	}
	size, sum, err := digest(path)
	if err != nil {
		return built{}, fmt.Errorf("build package %s: %w", p.Name, err)
	}
	return built{file, control + fmt.Sprintf("Filename: pool/%s\nSize: %d\nSHA256: %s\n", file, size, sum)}, nil
}

func digest(path string) (size int64, sum string, err error) {
	f, err := os.Open(path) //nolint:gosec // made just now
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}
