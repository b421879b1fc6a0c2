package providers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/internal/atomicfile"
)

// hosts returns the registries that a mirror replaces: Terraform and OpenTofu
// complete the address exoscale/exoscale with one of them.
func hosts() []string { return []string{"registry.terraform.io", "registry.opentofu.org"} }

// writeConfig writes the CLI configuration file and returns its path. Its name is
// a hash of the content, so that a file never changes during a run.
func writeConfig(cache string, built []artifact) (string, error) {
	content := cliConfig(built)
	sum := sha256.Sum256([]byte(content))
	path := filepath.Join(cache, fmt.Sprintf("cli-%x.tfrc", sum[:6]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("find the CLI configuration: %w", err)
	}
	if err := (atomicfile.File{Path: path}).Write([]byte(content)); err != nil {
		return "", fmt.Errorf("write the CLI configuration: %w", err)
	}
	return path, nil
}

// cliConfig returns the text of the file. Providers that were built come from
// their mirror only; all others from their usual place.
func cliConfig(built []artifact) string {
	var text, direct strings.Builder
	text.WriteString("provider_installation {\n")
	for _, a := range built {
		names := make([]string, 0, len(hosts()))
		for _, host := range hosts() {
			names = append(names, fmt.Sprintf("%q", host+"/"+a.source))
		}
		list := strings.Join(names, ", ")
		fmt.Fprintf(&text, "  filesystem_mirror {\n    path    = %q\n    include = [%s]\n  }\n", a.mirror, list)
		if direct.Len() > 0 {
			direct.WriteString(", ")
		}
		direct.WriteString(list)
	}
	text.WriteString("  direct {\n")
	if direct.Len() > 0 {
		fmt.Fprintf(&text, "    exclude = [%s]\n", direct.String())
	}
	text.WriteString("  }\n}\n")
	return text.String()
}
