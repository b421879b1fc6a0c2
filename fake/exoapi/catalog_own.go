package exoapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// MaxCatalog is the longest text of a [Catalog], in bytes.
const MaxCatalog = 4 << 20

// Bounds of what a catalog may offer.
const (
	maxEntries  = 1000 // of a kind
	maxCPUs     = 1024
	maxGPUs     = 64
	minMemory   = 64 * mib
	maxMemory   = 16 << 40
	maxTemplate = 16 << 40 // bytes of its disk
)

// A Catalog holds instance types and templates of a user. Its zero value is empty.
type Catalog struct {
	types     []driverapi.InstanceType
	templates []template
}

// ParseCatalog reads a catalog, in the shape of the API's own answers: an object
// with the arrays "instance-types" and "templates", of which either may be absent.
//
//	{"instance-types": [{"family": "standard", "size": "nano", "cpus": 1, "memory": 268435456}],
//	 "templates": [{"name": "Linux Alpine 3 64-bit", "family": "alpine", "default-user": "alpine"}]}
//
// What is left out has a default. An unknown field, a value out of its bounds and
// an entry that occurs twice are errors.
func ParseCatalog(text []byte) (Catalog, error) {
	if len(text) > MaxCatalog {
		return Catalog{}, fmt.Errorf("the catalog is longer than %d MiB", MaxCatalog/mib)
	}
	f := wire.ParseFields(text)
	var c Catalog
	for _, o := range entriesOf(f, "instance-types") {
		c.types = append(c.types, readType(o))
	}
	for _, o := range entriesOf(f, "templates") {
		c.templates = append(c.templates, readTemplate(o))
	}
	if unread := f.Unread(); len(unread) > 0 {
		f.Reject("unknown field %s", unread[0])
	}
	if err := f.Err(); err != nil {
		return Catalog{}, errors.New(strings.TrimPrefix(err.Error(), "bad request: "))
	}
	return c, c.unique()
}

// entriesOf reads an array of objects, whose paths are numbered.
func entriesOf(f *wire.Fields, key string) []*wire.Fields {
	list, _ := f.Objects(key)
	if len(list) > maxEntries {
		f.Reject("%s has more than %d entries", key, maxEntries)
		return nil
	}
	for n, o := range list {
		o.Path = fmt.Sprintf("%s[%d].", key, n)
	}
	return list
}

func readType(f *wire.Fields) driverapi.InstanceType {
	t := driverapi.InstanceType{Authorized: true}
	f.Require("family", "size", "cpus", "memory")
	var memory int
	f.ID("id", &t.ID)
	readWord(f, "family", &t.Family)
	readWord(f, "size", &t.Size)
	f.Integer("cpus", &t.CPUs, 1, maxCPUs)
	f.Integer("gpus", &t.GPUs, 0, maxGPUs)
	f.Integer("memory", &memory, minMemory, maxMemory)
	f.Boolean("authorized", &t.Authorized)
	f.Texts("zones", &t.Zones)
	t.Memory = int64(memory)
	t.ID = cmp.Or(t.ID, world.FixedID("type/"+t.Family+"."+t.Size))
	return t
}

// readWord reads a word such as a family: small letters, digits and hyphens.
func readWord(f *wire.Fields, key string, to *string) {
	f.Text(key, to, 1, wire.MaxText)
	if !wire.Alphanumeric(*to, "-_.") {
		f.Reject("%s%s must consist of letters, digits, '.', '_' and '-'", f.Path, key)
	}
}

func readTemplate(f *wire.Fields) template {
	f.Require("name")
	var name string
	f.Text("name", &name, 1, wire.MaxText)
	t := template{
		ID: world.FixedID("template/" + name), Name: name, Description: name, Family: familyOf(name), Maintainer: "Exoscale",
		Visibility: "public", CreatedAt: "2026-01-14T09:00:00Z", Build: "2026-01-14", BootMode: "legacy",
		Checksum: world.FixedID("checksum/" + name), SSHKeyEnabled: true, PasswordEnabled: true,
	}
	size := 10 * gib
	f.ID("id", &t.ID)
	f.Text("description", &t.Description, 0, wire.MaxText)
	readWord(f, "family", &t.Family)
	t.DefaultUser = t.Family
	f.Text("version", &t.Version, 0, wire.MaxText)
	f.Text("build", &t.Build, 0, wire.MaxText)
	f.Text("maintainer", &t.Maintainer, 0, wire.MaxText)
	readWord(f, "default-user", &t.DefaultUser)
	f.OneOf("visibility", &t.Visibility, "public", "private")
	f.Text("created-at", &t.CreatedAt, 1, wire.MaxText)
	if _, err := time.Parse(time.RFC3339, t.CreatedAt); err != nil {
		f.Reject("%screated-at must be a date and time, such as 2026-01-14T09:00:00Z", f.Path)
	}
	f.Integer("size", &size, 1, maxTemplate)
	f.OneOf("boot-mode", &t.BootMode, "legacy", "uefi")
	f.Text("checksum", &t.Checksum, 1, wire.MaxText)
	f.Boolean("ssh-key-enabled", &t.SSHKeyEnabled)
	f.Boolean("password-enabled", &t.PasswordEnabled)
	f.Boolean("application-consistent-snapshot-enabled", &t.Consistent)
	f.IgnoredText("url")
	f.Texts("zones", new([]string)) // templates are in all zones
	t.Size = int64(size)
	return t
}

// unique refuses entries that occur twice.
func (c Catalog) unique() error {
	seen := map[string]bool{}
	var errs []error
	note := func(what string) {
		if seen[what] {
			errs = append(errs, fmt.Errorf("%s occurs twice", what))
		}
		seen[what] = true
	}
	for _, t := range c.types {
		note("instance type " + t.Family + "." + t.Size)
		note("id " + t.ID)
	}
	for _, t := range c.templates {
		note("template " + t.Name)
		note("id " + t.ID)
	}
	return errors.Join(errs...)
}

// validate refuses zones that the cloud does not have.
func (c Catalog) validate(zones []string) error {
	var errs []error
	for _, t := range c.types {
		for _, zone := range t.Zones {
			if !slices.Contains(zones, zone) {
				errs = append(errs, fmt.Errorf("catalog: instance type %s.%s is in zone %q, which is unknown", t.Family, t.Size, zone))
			}
		}
	}
	return errors.Join(errs...)
}

// add puts a user's entries into the catalog, in the place of those of the same
// name or id. Types without zones are in all.
func (c *catalog) add(own Catalog) {
	for _, t := range own.types {
		if len(t.Zones) == 0 {
			t.Zones = c.zones
		}
		c.types = slices.DeleteFunc(c.types, func(o driverapi.InstanceType) bool {
			return o.ID == t.ID || o.Family == t.Family && o.Size == t.Size
		})
		c.types = append(c.types, t)
	}
	for _, t := range own.templates {
		c.templates = slices.DeleteFunc(c.templates, func(o template) bool { return o.ID == t.ID || o.Name == t.Name })
		c.templates = append(c.templates, t)
	}
}

// hash returns a text that two catalogs share only if they are equal.
func (c Catalog) hash() string {
	if len(c.types)+len(c.templates) == 0 {
		return "none"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", c))
	return hex.EncodeToString(sum[:8])
}
