package containerhost

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxContext bounds a folder whose image is built, in bytes.
const maxContext = 1 << 30

// writeContext writes a folder as a tar archive. Links stay links, wherever they
// lead to; sockets, pipes and devices are left out, as docker does.
func writeContext(w io.Writer, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewWriter(w)
	var size int64
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		const block = 512 // of an archive
		if size += block + info.Size(); size > maxContext {
			return fmt.Errorf("%s holds more than %d MiB: keep in it only what the image is built from", dir, maxContext>>20)
		}
		return addToArchive(archive, root, name, info)
	})
	return errors.Join(err, archive.Close())
}

func addToArchive(archive *tar.Writer, root *os.Root, name string, info fs.FileInfo) (err error) {
	var link string
	switch info.Mode().Type() {
	case 0, fs.ModeDir:
	case fs.ModeSymlink:
		if link, err = root.Readlink(name); err != nil {
			return err
		}
	default:
		return nil
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name = name
	if info.IsDir() {
		header.Name += "/"
	}
	// Whose they are here says nothing in an image.
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	// As much as the header says, should the file grow meanwhile.
	_, err = io.CopyN(archive, file, header.Size)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s has become shorter while it was read", name)
	}
	return err
}
