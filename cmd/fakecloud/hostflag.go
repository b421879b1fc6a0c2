package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/vendordomains"
)

// A hostFolder is a name outside the cloud, and the folder whose files this host
// serves under it: a mirror of what cannot be reached from here.
type hostFolder struct{ name, folder string }

// hostFolderKind returns the kind of NAME=FOLDER.
func hostFolderKind() settings.Kind[hostFolder] {
	return settings.Kind[hostFolder]{
		Arg: "NAME=FOLDER", Remedy: "give NAME=FOLDER, such as apt.example.com=./mirror", Parse: parseHostFolder,
	}
}

func parseHostFolder(text string) (hostFolder, error) {
	name, folder, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return hostFolder{}, settings.ErrMalformed
	}
	if vendordomains.OfVendor(name) {
		return hostFolder{}, errors.New("names a host of Exoscale, for which the fake cloud itself answers")
	}
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return hostFolder{}, fmt.Errorf("names a folder that cannot be used: %w", err)
	case !info.IsDir():
		return hostFolder{}, errors.New("names something that is not a folder")
	}
	return hostFolder{name, folder}, nil
}

// handlers returns what answers for each name.
func handlers(hosts []hostFolder) map[string]http.Handler {
	all := make(map[string]http.Handler, len(hosts))
	for _, h := range hosts {
		all[h.name] = http.FileServerFS(os.DirFS(h.folder))
	}
	return all
}
