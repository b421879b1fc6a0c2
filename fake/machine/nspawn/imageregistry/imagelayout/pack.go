package imagelayout

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// pack writes a part as the archive that a layer is.
func pack(to io.Writer, part Part) error {
	w := tar.NewWriter(to)
	err := filepath.WalkDir(part.From, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(part.From, file)
		if err != nil {
			return err
		}
		// In an archive, names have no slash in front.
		name := path.Join("/", part.To, filepath.ToSlash(below))[1:]
		if name == "" || entry.Type()&fs.ModeSocket != 0 {
			return nil
		}
		info, err := os.Stat(file)
		if below != "." || err != nil { // the part itself may be a link to what it is
			info, err = entry.Info()
		}
		if err != nil {
			return err
		}
		return add(w, file, name, info)
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// add writes one file.
func add(w *tar.Writer, file, name string, info fs.FileInfo) (err error) {
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(file); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name, header.Uname, header.Gname = name, "", "" // names of users are this host's
	if info.IsDir() {
		header.Name += "/"
	}
	if err := w.WriteHeader(header); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	content, err := os.Open(file) //nolint:gosec // G304: what to pack is the caller's choice
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(w, content)
	return err
}
