package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/exopool/exopool/internal/rehearsal/preflight"
)

// limits are what the machines of a rehearsal cannot do that its folder asks for.
type limits struct {
	setup preflight.Setup
}

// findLimits reads the folder, unless its machines can do everything.
func (r *rehearsal) findLimits(environ []string) (*limits, error) {
	if r.Machines == machinesNspawn {
		return &limits{}, nil
	}
	setup, err := preflight.Read(r.dir, r.arguments, environ)
	return &limits{setup}, err
}

// overrides makes the configuration in dir one that logs in nowhere. That has the
// modules which "terraform init" has brought, as well: from then on they count.
func (r *rehearsal) overrides(dir string, environ []string) (map[string]string, error) {
	setup, err := preflight.Read(dir, r.arguments, environ)
	if err == nil {
		r.limits.setup = setup
	}
	return setup.Without(), err
}

const needsSSH = "these machines answer no SSH: -machines nspawn makes some that do"

// partly says what is left out of an apply; empty if nothing is.
func (l *limits) partly() string {
	if left := l.logins(true); len(left) > 0 {
		return "without what logs in by SSH: " + listed(left) + "; " + needsSSH
	}
	return ""
}

// impossible says why there is no apply; empty if there is one.
func (l *limits) impossible() string {
	if stay := l.logins(false); len(stay) > 0 {
		return "not checked: " + listed(stay) + " logs in by SSH, and " + needsSSH
	}
	return ""
}

// logins returns the addresses of those that can be left out, or of those that
// cannot.
func (l *limits) logins(removable bool) (addresses []string) {
	for _, login := range l.setup.Logins {
		if login.Removable() == removable {
			addresses = append(addresses, login.Address)
		}
	}
	return addresses
}

// print says what is not checked, and how it can be.
func (l *limits) print(to io.Writer, r rehearsal) {
	if len(l.setup.Logins)+len(l.setup.UserData) == 0 {
		return
	}
	fmt.Fprintf(to, "fakecloud rehearse: %s machines execute no user-data, answer no SSH and have no serial console.\n"+
		"Not checked of %s:\n", r.Machines, r.dir)
	if len(l.setup.UserData) > 0 {
		fmt.Fprintf(to, "  user-data of %s, but for mistakes that can be read\n", listed(l.setup.UserData))
	}
	var variables []string
	for _, login := range l.setup.Logins {
		left := "applied without it"
		if !login.Removable() {
			left = "nothing is applied, as that cannot be left out"
		}
		fmt.Fprintf(to, "  SSH by %s: %s\n", login, left)
		variables = append(variables, login.Variables...)
	}
	fmt.Fprintf(to, "To check that, too:\n  sudo fakecloud rehearse -machines nspawn %s\n", r.dir)
	slices.Sort(variables)
	for _, name := range slices.Compact(variables) {
		fmt.Fprintf(to, "The variable %s decides about a login; with a value that leaves it out, nothing is missing:\n  fakecloud rehearse %s -- -var %s=…\n", name, r.dir, name)
	}
	fmt.Fprintln(to)
}

// listed returns the first names of a list.
func listed(names []string) string {
	const most = 4
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
