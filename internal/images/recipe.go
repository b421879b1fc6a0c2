package images

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Recipe is what a Dockerfile says about one image.
type Recipe struct {
	Name   string // of the stage, which is that of the image
	Config v1.Config

	files []file
}

// A file is something that an image holds.
type file struct {
	to       string      // in the image, absolute
	program  string      // built of the package of this name in cmd
	from     string      // or, without a program, a file of this host
	mode     fs.FileMode // with [fs.ModeDir] it is an empty directory
	uid, gid int
}

// Authorities is the file of certificate authorities, in images and on hosts that
// build them.
const Authorities = "/etc/ssl/certs/ca-certificates.crt"

// Recipes returns the recipes of a Dockerfile: one for each stage that starts
// from nothing. An instruction that cannot be carried out without an engine is an
// error with its line.
func Recipes(dockerfile string) ([]Recipe, error) {
	all, err := parseStages(dockerfile)
	if err != nil {
		return nil, err
	}
	byName := map[string]stage{}
	var recipes []Recipe
	for _, s := range all {
		byName[s.name] = s
		if s.from != "scratch" {
			continue
		}
		r := Recipe{Name: s.name, Config: v1.Config{WorkingDir: "/"}}
		for _, i := range s.instructions {
			if err := r.apply(i, byName); err != nil {
				return nil, fmt.Errorf("image %s: line %d, %s: %w", s.name, i.line, i.name, err)
			}
		}
		if len(r.Config.Entrypoint) == 0 {
			return nil, fmt.Errorf("image %s: it has no ENTRYPOINT", s.name)
		}
		recipes = append(recipes, r)
	}
	return recipes, nil
}

// Programs returns the programs that the image holds, by the names of their packages.
func (r Recipe) Programs() (names []string) {
	for _, f := range r.files {
		if f.program != "" {
			names = append(names, f.program)
		}
	}
	return names
}

// copies adds what a COPY takes from an earlier stage: a program that it built, the
// authorities, or directories that it made.
func (r *Recipe) copies(from stage, owner [2]int, source, target string) error {
	add := func(f file) {
		f.uid, f.gid = owner[0], owner[1]
		r.files = append(r.files, f)
	}
	program := path.Base(source)
	switch {
	case source == Authorities:
		add(file{to: target, from: source, mode: 0o644})
	case source == "/out/"+program && slices.Contains(from.programs, program):
		add(file{to: target, program: program, mode: 0o755})
	case strings.HasSuffix(source, "/") && strings.HasSuffix(target, "/"):
		made := map[string]fs.FileMode{}
		for dir, mode := range from.dirs {
			below, ok := strings.CutPrefix(dir, source)
			if !ok {
				continue
			}
			made[path.Join(target, below)] = mode
			for parent := path.Dir(below); parent != "."; parent = path.Dir(parent) {
				if _, ok := made[path.Join(target, parent)]; !ok {
					made[path.Join(target, parent)] = 0o755
				}
			}
		}
		if len(made) == 0 {
			return fmt.Errorf("no directory below %s is made in stage %s", source, from.name)
		}
		for _, dir := range slices.Sorted(maps.Keys(made)) {
			add(file{to: dir, mode: made[dir] | fs.ModeDir})
		}
	default:
		return fmt.Errorf("%s is neither a program nor a directory that stage %s makes", source, from.name)
	}
	return nil
}
