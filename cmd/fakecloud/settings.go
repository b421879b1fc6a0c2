package main

import (
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/prices"
)

// A config describes an instance.
type config struct {
	settings.Redacted

	Listen   string
	Machines string
	Zone     string
	Speed    float64
	Instant  bool
	Key      string
	Secret   string
	Verbose  bool
	Bodies   bool
	State    string // file
	Removal  exoapi.Removal
	Quotas   []quota
	Pools    []firstPool
	Prices   *prices.List // nil: the one that comes with the program
	Catalog  exoapi.Catalog
	// AntiAffinityCapacity is -1 if it is unlimited.
	AntiAffinityCapacity int

	// Of machines that boot; zero values leave it to the driver.
	Cache        string
	Disks        string
	Mirror       string
	UbuntuMirror string
	Prefix       string
	Range        netip.Prefix
	Hosts        []hostFolder
	Images       []*imageregistry.Image
	StandIns     []standIn

	// KeepChanges lets other commands save the state.
	KeepChanges bool
	// state keeps what happens, if there is such a file, and saved is what was
	// in it.
	state *stateFile
	saved []byte

	// progressLogger gets the steps of building templates.
	progressLogger *slog.Logger
	// waiting is told when templates are waited for.
	waiting func(what string) (end func())

	// LogInfo makes an instance log what its machines do, not only warnings.
	LogInfo bool
}

// newSet returns the settings of a command, without any yet.
func (p program) newSet(command, summary string) *settings.Set {
	set := settings.New(strings.TrimSpace("fakecloud "+command), summary, func(name string) string { return p.getenv(name) })
	set.ExitCodes = "0 on success, 1 on a failure, 2 when a setting is wrong."
	return set
}

// addListen declares where an instance listens.
func addListen(set *settings.Set, into *string) {
	*into = "127.0.0.1:8929"
	settings.Add(set, into, settings.Spec{
		Flag: "listen", Help: "loopback address to serve on; port 0 means any free one",
	}, settings.Kind[string]{
		Arg: "ADDRESS", Remedy: "give a loopback address and a port, such as 127.0.0.1:8929", Parse: fakecloud.LoopbackAddress,
	})
}

// addCloud declares what a cloud is like, apart from where it listens. Without
// one given, machines are what defaultMachines says. It returns the setting of the
// speed.
func addCloud(set *settings.Set, into *config, defaultMachines string) (speed *settings.Setting) {
	into.Zone, into.Speed = "at-vie-1", 1
	machines := settings.Add(set, &into.Machines, settings.Spec{
		Flag: "machines", Default: defaultMachines,
		Help: "what instances are: memory (state only), process (a web server and an exporter each, Linux only) " +
			"or nspawn (Debian or Ubuntu that boots and executes the user-data; Linux, root and a few packages, see fakecloud doctor)",
	}, settings.OneOf("KIND", machinesMemory, machinesProcess, machinesNspawn))
	addNspawn(set, into)
	settings.Add(set, &into.Zone, settings.Spec{
		Flag: "zone", Help: "zone that clients without one get",
	}, zoneKind())
	speed = settings.Add(set, &into.Speed, settings.Spec{
		Flag: "speed", Help: "how many times faster than real time things happen",
	}, speedKind())
	settings.Add(set, &into.Instant, settings.Spec{
		Flag: "instant", Help: "operations succeed at once, in the first answer; machines still take their time to boot",
	}, settings.Bool())
	addRemoval(set, &into.Removal)
	settings.Add(set, &into.Catalog, settings.Spec{
		Flag: "catalog", Help: "file with instance types and templates of your own, in the JSON of the API's answers; they are added, " +
			"or take the place of those with the same name", Default: "none",
	}, catalogKind())
	addQuotas(set, &into.Quotas)
	addPrices(set, &into.Prices)
	into.AntiAffinityCapacity = 8
	settings.Add(set, &into.AntiAffinityCapacity, settings.Spec{
		Flag: "anti-affinity-capacity", Help: "how many instances an anti-affinity group holds",
	}, settings.Int(1, maxCount).Or("unlimited", -1))
	key := settings.AddSecret(set, &into.Key, settings.Spec{
		Flag: "key-file", Env: "FAKECLOUD_KEY", Help: "the API key", Default: "a key and a secret are generated", Remedy: "give a word without spaces and commas",
	})
	secret := settings.AddSecret(set, &into.Secret, settings.Spec{Flag: "secret-file", Env: "FAKECLOUD_SECRET", Help: "the API secret"})
	settings.Add(set, &into.Verbose, settings.Spec{Flag: "v", Help: "log each call, and what happens behind the API"}, settings.Bool())
	settings.Add(set, &into.Bodies, settings.Spec{
		Flag: "bodies", Help: "log the bodies of calls and answers, too, without secrets; turns -v on",
	}, settings.Bool())
	set.Check(func() { into.Verbose = into.Verbose || into.Bodies })
	set.Check(func() {
		switch {
		case into.Key == "" && into.Secret != "":
			set.Wrong("flag -secret-file", "was given without -key-file", "give both or none")
		case into.Key != "" && into.Secret == "":
			set.Wrong("flag -key-file", "was given without -secret-file", "give both or none")
		case strings.Contains(into.Key, ","):
			key.Wrong("holds a key with a comma (value not shown)")
		}
	}, key, secret)
	set.Check(func() {
		boot := into.Machines == machinesNspawn || into.Machines == ""
		if len(into.Hosts) > 0 && !boot {
			set.Wrong("flag -host", "needs machines that look up names", "give -machines nspawn as well")
		}
		if len(into.Images) > 0 && !boot {
			set.Wrong("flag -image", "needs machines that pull images", "give -machines nspawn as well")
		}
		names := map[string]bool{}
		for _, image := range into.Images {
			if names[image.Name()] {
				set.Wrong("flag -image", "names "+image.Name()+" more than once", "give one folder or archive for each image")
			}
			names[image.Name()] = true
		}
	}, machines)
	return speed
}

// addNspawn declares what only machines that boot use.
func addNspawn(set *settings.Set, into *config) {
	settings.Add(set, &into.Cache, settings.Spec{
		Flag: "cache", Default: "/var/cache/exopool", Help: "directory that keeps what nspawn machines start from",
	}, settings.Path())
	settings.Add(set, &into.Disks, settings.Spec{
		Flag: "disks", Default: "/var/lib", Help: "directory for the disks of nspawn machines, on a plain file system such as ext4",
	}, settings.Path())
	settings.Add(set, &into.Mirror, settings.Spec{
		Flag: "mirror", Default: "that of this host", Help: "address of the Debian mirror for nspawn machines",
	}, settings.Text("URL", nil))
	settings.Add(set, &into.UbuntuMirror, settings.Spec{
		Flag: "ubuntu-mirror", Default: "that of Ubuntu", Help: "address of the Ubuntu mirror for nspawn machines",
	}, settings.Text("URL", nil))
	settings.AddRepeated(set, &into.StandIns, settings.Spec{
		Flag: "template", Help: "lets nspawn machines that ask for one template start from another one, such as " +
			"\"Linux Ubuntu 22.04 LTS 64-bit=debian-13\"; a name that is not in the catalog is added; may be repeated",
	}, standInKind())
	settings.Add(set, &into.Prefix, settings.Spec{
		Flag: "prefix", Default: "exopool", Help: "beginning of the names of everything that nspawn machines create on this host",
	}, prefixKind())
	settings.AddRepeated(set, &into.Hosts, settings.Spec{
		Flag: "host", Help: "lets nspawn machines find the files of a folder at https://NAME, such as a mirror of packages; may be repeated",
	}, hostFolderKind())
	settings.AddRepeated(set, &into.Images, settings.Spec{
		Flag: "image", Help: "lets nspawn machines pull the image in a folder (OCI layout) or an archive (the same, or of docker save) " +
			"by the name it has in \"docker run\"; may be repeated",
	}, imageKind())
	settings.Add(set, &into.Range, settings.Spec{
		Flag: "range", Default: "198.18.0.0/16", Help: "addresses for nspawn machines, a range that this host uses for nothing else",
	}, rangeKind())
}

// zoneKind returns the kind of names of zones.
func zoneKind() settings.Kind[string] {
	kind := settings.Text("ZONE", func(text string) error {
		if text == "" || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return settings.ErrMalformed
		}
		if zones := zoneNames(); !slices.Contains(zones, text) {
			return errors.New("is none of " + strings.Join(zones, ", "))
		}
		return nil
	})
	kind.Remedy = "give the name of a zone, such as at-vie-1"
	kind.Values = zoneNames
	return kind
}

// speedKind returns the kind of speeds.
func speedKind() settings.Kind[float64] {
	const slowest, fastest = 1e-6, 1e6
	kind := settings.Float(slowest, fastest)
	kind.Range = "0.000001 to 1000000"
	kind.Remedy = "give a number from " + kind.Range
	return kind
}

// logger returns the logger of an instance, and a function to call when that
// has started: until then it logs progress, which may take minutes.
func (c config) logger(to io.Writer) (logger *slog.Logger, started func()) {
	if c.Verbose {
		return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug})), func() {}
	}
	level := new(slog.LevelVar) // warnings, such as which port replaces another
	level.Set(slog.LevelWarn)
	if c.Machines == machinesNspawn {
		level.Set(slog.LevelInfo)
	}
	return newConsole(to, level), func() {
		if !c.LogInfo {
			level.Set(slog.LevelWarn)
		}
	}
}

// credentials returns those in the files, or none.
func (c config) credentials() map[string]string {
	if c.Key == "" {
		return nil
	}
	return map[string]string{c.Key: c.Secret}
}
