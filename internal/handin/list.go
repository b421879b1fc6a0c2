package handin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// listed is what "go list" prints of a package.
type listed struct {
	ImportPath, Dir string
	Module          *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path string }
	}
	GoFiles, IgnoredGoFiles, EmbedFiles, Imports []string
}

const listedFields = "-json=ImportPath,Dir,Module,GoFiles,IgnoredGoFiles,EmbedFiles,Imports"

// sources returns the files of a package, those for other platforms included.
func (p listed) sources() []string {
	return slices.DeleteFunc(slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.EmbedFiles), func(name string) bool {
		return strings.HasSuffix(name, "_test.go")
	})
}

// list returns the programs, below the folder root, and all that they import.
func list(ctx context.Context, root, platform string, programs []string) ([]listed, error) {
	system, processor, _ := strings.Cut(platform, "/")
	cmd := exec.CommandContext(ctx, "go", "list", "-mod=readonly", "-deps", listedFields)
	for _, name := range programs {
		cmd.Args = append(cmd.Args, "./cmd/"+name)
	}
	cmd.Dir, cmd.WaitDelay = root, 5*time.Second
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w: %s", strings.Join(programs, " and "), err, strings.TrimSpace(stderr.String()))
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		packages = append(packages, p)
	}
}
