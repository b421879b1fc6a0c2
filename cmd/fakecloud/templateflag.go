package main

import (
	"errors"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// templateFlag is how users set stand-ins.
const templateFlag = "-template"

// A standIn is a template that machines start from in place of another one, whose
// name then also is in the catalog.
type standIn struct{ name, by string }

// standInKind returns the kind of NAME=TEMPLATE.
func standInKind() settings.Kind[standIn] {
	return settings.Kind[standIn]{
		Arg: "NAME=TEMPLATE", Parse: parseStandIn,
		Remedy: `give NAME=TEMPLATE, such as "Linux Ubuntu 22.04 LTS 64-bit=` + template.Short(template.Default) + `"`,
	}
}

func parseStandIn(text string) (standIn, error) {
	at := strings.LastIndex(text, "=")
	if at <= 0 {
		return standIn{}, settings.ErrMalformed
	}
	by, ok := template.Find(text[at+1:])
	if !ok {
		short := make([]string, 0, len(template.Names()))
		for _, name := range template.Names() {
			short = append(short, template.Short(name))
		}
		return standIn{}, errors.New("names a template that cannot be built; those are " + strings.Join(short, ", "))
	}
	return standIn{text[:at], by}, nil
}

// standInsByName returns the stand-ins as the driver takes them.
func (c config) standInsByName() map[string]string {
	all := make(map[string]string, len(c.StandIns))
	for _, s := range c.StandIns {
		all[s.name] = s.by
	}
	return all
}

// moreTemplates returns the names that the catalog has to have.
func (c config) moreTemplates() []string {
	names := make([]string, 0, len(c.StandIns))
	for _, s := range c.StandIns {
		names = append(names, s.name)
	}
	return names
}
