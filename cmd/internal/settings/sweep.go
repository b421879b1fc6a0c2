package settings

import (
	"io"
	"strings"
	"time"

	"github.com/exopool/exopool/sweep"
)

// Sweep is what the sweep program is told.
type Sweep struct {
	API
	Name   string   // of the installation
	States []string // paths of Terraform states, "-" for the standard input
	Delete bool     // instead of listing only
	All    bool     // the state, if there is one, need not be the present one
	Yes    bool     // do not ask
	// Timeout bounds the whole run.
	Timeout time.Duration
	// Poll is the time between two looks at a deletion that is under way.
	Poll time.Duration
}

// ParseSweep reads the settings of the sweep program. It returns [ErrHelp]
// after printing help or version to out, and an [Error] that tells all faults
// when there are any.
func ParseSweep(args []string, getenv func(string) string, out io.Writer) (Sweep, error) {
	var s Sweep
	l := newLoader("sweep", "sweep lists, and with -delete deletes, what an interrupted Terraform apply has left in an Exoscale account:\n"+
		"what bears a name that the module gives in the installation NAME, such as NAME-monitoring, and is not in\n"+
		"Terraform's state.", getenv)
	l.codes = "0 when nothing is left, 1 on a failure, 2 when a setting is wrong, 3 when something is left and was not to be deleted."
	addAPI(l, &s.API)
	add(l, &s.Name, spec{
		flags: []string{"name"}, env: []string{"SWEEP_NAME"}, arg: "NAME",
		usage: "name of the installation, the module's variable \"name\"", required: true,
		remedy: "give the name, such as exopool",
	}, func(text string) (string, error) { return text, sweep.CheckName(text) })
	add(l, &s.States, spec{
		flags: []string{"state"}, env: []string{"SWEEP_STATE"}, arg: "PATH",
		usage: "Terraform state whose things are kept, - for the standard input; several with commas between them", otherwise: "nothing is kept",
		remedy: "give the path of terraform.tfstate",
	}, parseFiles)
	addSwitch(l, &s.Delete, "delete", "delete what is listed, after a question where there is a terminal")
	addSwitch(l, &s.All, "all", "delete also where there is no state, or one that is empty, old or of something else: then the whole installation goes, running or not")
	addSwitch(l, &s.Yes, "yes", "do not ask before deleting")
	addDuration(l, &s.Timeout, "timeout", "SWEEP_TIMEOUT", "longest time for everything", 20*time.Minute, time.Second, 24*time.Hour)
	addDuration(l, &s.Poll, "poll", "SWEEP_POLL", "time between two looks at a deletion that is under way", 3*time.Second, 10*time.Millisecond, time.Minute)
	l.resolve = append(l.resolve, func() {
		if s.Delete && !s.All && len(s.States) == 0 {
			l.fault("flag -delete", "was given without a state, so that it would delete what Terraform manages, too",
				"name the state with -state, or give -all if everything shall go")
		}
	})
	if err := l.parse(args, out); err != nil {
		return Sweep{}, err
	}
	return s, l.err()
}

func addSwitch(l *loader, into *bool, name, usage string) {
	add(l, into, spec{
		flags: []string{name}, boolean: true, usage: usage, def: "false", remedy: "give true or false",
	}, parseBool)
}

// parseFiles accepts several paths with commas between them.
func parseFiles(text string) ([]string, error) {
	var paths []string
	for part := range strings.SplitSeq(text, ",") {
		path, err := parseFile(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
