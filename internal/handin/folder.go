package handin

import (
	"context"
	_ "embed" // for the page in the folder
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// programArchive holds the source of one program, beside its Dockerfile.
const programArchive = "source.tar"

// An image is a folder with a Dockerfile, and the program that it builds.
type image struct{ program, dir string }

// images returns those that are handed in: the course wants these names.
func images() []image {
	return []image{{"autoscaler", "autoscaler"}, {"discovery", "servicediscovery"}}
}

//go:embed folder/README.md
var page []byte

// folder returns what is handed in of the repository at root.
func folder(ctx context.Context, root string) (tree, error) {
	files, err := terraformFiles(filepath.Join(root, "terraform"))
	if err != nil {
		return nil, fmt.Errorf("collect the Terraform files: %w", err)
	}
	if err := withoutOwnKey(files); err != nil {
		return nil, fmt.Errorf("change a default of the Terraform files: %w", err)
	}
	files["README.md"] = page
	// Made anew, for a repository whose own is not up to date.
	if files[path.Base(ArchiveName)], err = Archive(ctx, root); err != nil {
		return nil, err
	}
	all, err := os.ReadFile(filepath.Join(root, "Dockerfile")) //nolint:gosec // G304: of the repository
	if err != nil {
		return nil, err
	}
	for _, i := range images() {
		if files[i.dir+"/Dockerfile"], err = dockerfile(string(all), i.program); err != nil {
			return nil, err
		}
		if files[i.dir+"/"+programArchive], err = archive(ctx, root, i.program); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// terraformFiles returns the files of the module: not its tests, its examples and
// what a user or Terraform itself left there.
func terraformFiles(dir string) (tree, error) {
	files := tree{}
	module := os.DirFS(dir)
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		inRoot := path.Dir(name) == "."
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if inRoot && name != "." && name != "files" && name != "templates" {
				return fs.SkipDir
			}
			return nil
		case inRoot && (path.Ext(name) != ".tf" || strings.HasSuffix(name, "override.tf")), path.Ext(name) == ".go":
			return nil
		}
		files[name], err = fs.ReadFile(module, name)
		return err
	})
	return files, err
}
