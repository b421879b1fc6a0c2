package acceptance

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxContext bounds what is copied of a folder whose image is built, in bytes.
const maxContext = 1 << 30

// flat returns the folder that the engine gets in place of dir: the course's
// checker sends regular files only, and under the last part of their names, so
// that those in subfolders arrive beside the Dockerfile. moved is one of those,
// if any; without, the folder is dir itself. Of files with the same name, the
// last one in the order of names wins.
func flat(dir string) (folder, moved string, remove func(), err error) {
	nothing := func() {}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", "", nothing, err
	}
	defer root.Close()
	var files []string
	var size int64
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if moved == "" && strings.Contains(name, "/") {
			moved = name
		}
		files = append(files, name)
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	switch {
	case err != nil:
		return "", "", nothing, err
	case moved == "":
		return dir, "", nothing, nil
	case size > maxContext:
		return "", "", nothing, fmt.Errorf("%s holds more than %d MiB: keep in it only what the image is built from", dir, maxContext>>20)
	}
	if folder, err = os.MkdirTemp("", "context-"); err != nil {
		return "", "", nothing, err
	}
	remove = func() { _ = os.RemoveAll(folder) } // below the folder for temporary files
	if err := copyFlat(folder, root, files); err != nil {
		remove()
		return "", "", nothing, err
	}
	return folder, moved, remove, nil
}

func copyFlat(to string, from *os.Root, files []string) error {
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, name := range files {
		if err := copyFile(target, from, name); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(target, from *os.Root, name string) error {
	source, err := from.Open(name)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	base := path.Base(name)
	file, err := target.Create(base)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Close(), target.Chmod(base, info.Mode().Perm()))
}
