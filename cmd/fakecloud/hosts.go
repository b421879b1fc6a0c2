package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/domains"
	"github.com/exopool/exopool/fake/intercept"
)

// hosts are names that machines find at this computer, each with the folder
// whose files it serves: mirrors of what cannot be reached from here.
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

// addresses leads all names to the machines' gateway.
func (h hosts) addresses() map[string]netip.Addr {
	all := make(map[string]netip.Addr, len(h))
	for name := range h {
		all[name] = netip.Addr{}
	}
	return all
}

// vendors makes what answers for the hosts, and returns the authorities that
// machines have to trust for it.
func (in *instance) vendors(ctx context.Context, hosts hosts) (authorities []byte, err error) {
	for name, folder := range hosts {
		authority, err := intercept.NewAuthority(name)
		if err != nil {
			return nil, err
		}
		proxy, err := intercept.New(intercept.Config{
			Domains: []string{name}, Authority: authority, Handler: http.FileServerFS(os.DirFS(folder)),
		})
		if err != nil {
			return nil, err
		}
		in.closers = append(in.closers, func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = proxy.Close(ctx) // whoever is still there loses the connection
		})
		in.neighbours = append(in.neighbours, proxy)
		authorities = append(authorities, authority.PEM()...)
	}
	return authorities, nil
}
