package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud"
)

// settings describe an instance.
type settings struct {
	listen     string
	machines   string
	zone       string
	speed      float64
	keyFile    string
	secretFile string
	verbose    bool

	// Of machines that really boot; zero values leave it to the driver.
	cache   string
	disks   string
	mirror  string
	prefix  string
	network netip.Prefix
	hosts   hosts

	// logInfo makes an instance log what its machines do, not only warnings.
	logInfo bool
}

func (s *settings) declare(flags *flag.FlagSet) {
	flags.StringVar(&s.machines, "machines", machinesMemory, "`what` instances are: memory (state only), process (a web server and an exporter each, Linux only) "+
		"or nspawn (Debian that really boots and executes the user-data; Linux, root and a few packages, see fakecloud doctor)")
	s.declareNspawn(flags)
	flags.StringVar(&s.zone, "zone", "at-vie-1", "`zone` that clients without one get")
	flags.Float64Var(&s.speed, "speed", 1, "how many times faster than real time things happen")
	flags.StringVar(&s.keyFile, "key-file", "", "`file` with the API key; without it one is generated")
	flags.StringVar(&s.secretFile, "secret-file", "", "`file` with the API secret")
	flags.BoolVar(&s.verbose, "v", false, "log what happens behind the API")
}

// declareNspawn declares what only machines that really boot take notice of.
func (s *settings) declareNspawn(flags *flag.FlagSet) {
	flags.StringVar(&s.cache, "cache", "", "`directory` that keeps what nspawn machines start from (default /var/cache/exopool)")
	flags.StringVar(&s.disks, "disks", "", "`directory` for the disks of nspawn machines, on a plain file system such as ext4 (default /var/lib)")
	flags.StringVar(&s.mirror, "mirror", "", "`address` of the Debian mirror for nspawn machines (default: the one that this computer uses)")
	flags.StringVar(&s.prefix, "prefix", "", "`beginning` of the names of all that nspawn machines make on this computer (default exopool)")
	s.hosts = hosts{}
	flags.Func("host", "`NAME=FOLDER` lets nspawn machines find the files of a folder at https://NAME, such as a mirror of packages that cannot be reached from here; may be repeated", s.hosts.set)
	flags.Func("range", "`addresses` for nspawn machines, a range that this computer has no other use for (default 198.18.0.0/16)", func(text string) (err error) {
		if s.network, err = netip.ParsePrefix(text); err != nil {
			return errors.New("want an address and a number of bits, such as 198.18.0.0/16")
		}
		return nil
	})
}

// logger returns the logger of an instance, and a function to call when that
// has started: until then it logs progress, which may take minutes.
func (s *settings) logger(to io.Writer) (logger *slog.Logger, started func()) {
	if s.verbose {
		return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug})), func() {}
	}
	level := new(slog.LevelVar) // warnings: such as which port stands in for another
	level.Set(slog.LevelWarn)
	if s.machines == machinesNspawn {
		level.Set(slog.LevelInfo)
	}
	return newConsole(to, level), func() {
		if !s.logInfo {
			level.Set(slog.LevelWarn)
		}
	}
}

// validate reports all faults together.
func (s *settings) validate() error {
	var faults []error
	if _, err := fakecloud.LoopbackAddress(s.listen); err != nil {
		faults = append(faults, fmt.Errorf("-listen %q: %w", s.listen, err))
	}
	if !slices.Contains([]string{machinesMemory, machinesProcess, machinesNspawn}, s.machines) {
		faults = append(faults, fmt.Errorf("-machines %q: want memory, process or nspawn", s.machines))
	}
	if len(s.hosts) > 0 && s.machines != machinesNspawn {
		faults = append(faults, errors.New("-host: only machines of -machines nspawn look names up"))
	}
	if s.zone == "" || strings.Trim(s.zone, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		faults = append(faults, fmt.Errorf("-zone %q: want a zone name such as at-vie-1", s.zone))
	}
	if !(s.speed > 0 && s.speed <= 1e6) {
		faults = append(faults, fmt.Errorf("-speed %v: want more than 0 and at most 1000000", s.speed))
	}
	if (s.keyFile == "") != (s.secretFile == "") {
		faults = append(faults, errors.New("-key-file and -secret-file belong together"))
	}
	if len(faults) > 0 {
		return usageError{errors.Join(faults...)}
	}
	return nil
}

// credentials returns those in the files, or none.
func (s *settings) credentials() (map[string]string, error) {
	if s.keyFile == "" {
		return nil, nil
	}
	var words [2]string
	for i, name := range []string{s.keyFile, s.secretFile} {
		text, err := os.ReadFile(name) //nolint:gosec // named by the user
		if err != nil {
			return nil, err
		}
		words[i] = strings.TrimSpace(string(text))
		if words[i] == "" || strings.ContainsAny(words[i], ", \t\r\n") {
			return nil, fmt.Errorf("%s: want one word", name)
		}
	}
	return map[string]string{words[0]: words[1]}, nil
}
