package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/exopool/exopool/fake/domains"
)

// hosts are names outside the cloud, each with the folder whose files this host
// serves under it: mirrors of what cannot be reached from here.
type hosts map[string]string

// set takes NAME=FOLDER.
func (h hosts) set(text string) error {
	name, folder, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return errors.New("want NAME=FOLDER, such as apt.example.com=./mirror")
	}
	if domains.OfVendor(name) {
		return fmt.Errorf("%s is a host of Exoscale, which the fake cloud itself answers for", name)
	}
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", folder)
	}
	h[name] = folder
	return nil
}

// handlers returns what answers for each name.
func (h hosts) handlers() map[string]http.Handler {
	all := make(map[string]http.Handler, len(h))
	for name, folder := range h {
		all[name] = http.FileServerFS(os.DirFS(folder))
	}
	return all
}
