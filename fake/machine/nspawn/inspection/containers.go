package inspection

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/cloudinitstatus"
)

// Script prints, for each container engine of a machine, what it says of its
// containers, as one or more arrays of JSON.
const Script = `for engine in docker podman; do
	command -v $engine >/dev/null || continue
	ids=$(timeout 5 $engine ps --all --quiet --no-trunc 2>/dev/null | head -n 50)
	[ -z "$ids" ] || timeout 5 $engine inspect $ids 2>/dev/null
done`

// LogScript prints the last lines of the container $1, as many as $2 says.
const LogScript = `for engine in docker podman; do
	command -v $engine >/dev/null && timeout 5 $engine logs --tail "$2" "$1" 2>&1 && exit
done`

// UnitScript prints the units of systemd that have failed, each with its last
// message. Those of cloud-init are left out, as they fail with the user-data, and
// those of systemd itself, which may fail where a host has many machines.
const UnitScript = `systemctl list-units --state=failed --plain --no-legend --no-pager | grep -v '^cloud-\|^systemd-' | head -n 10 | while read -r unit rest; do
	echo "$unit: $(journalctl --unit="$unit" --output=cat --lines=5 --no-pager 2>/dev/null | grep -v "^$unit: \|^Failed to start\|^$" | tail -n 1)"
done`

// These bound what one machine has to say.
const (
	maxContainers = 100
	maxMounts     = 50 // of a container
	maxLog        = 5  // lines
	// maxRead is how many lines of a container that runs well are read.
	maxRead = 200
)

// trouble is a line that tells of an error.
var trouble = regexp.MustCompile(`(?i)\b(le?ve?l"?[=:] ?"?(eror|error|warn\w*|fatal|crit\w*)|error|fatal|panic|exception|fail(ed|ure|s)?|refused|denied|forbidden|unauthori[sz]ed)\b`)

// described is what docker and podman print of a container, as far as both do.
type described struct {
	ID        string `json:"Id"`
	Name      string
	ImageName string // of podman
	Config    struct {
		Image string
		Cmd   []string
	}
	State struct {
		Status   string
		ExitCode int
	}
	RestartCount int
	HostConfig   struct {
		NetworkMode   string
		RestartPolicy struct{ Name string }
		PortBindings  map[string][]struct{ HostIP, HostPort string }
	}
	Mounts []struct{ Source, Destination string }
}

// Containers decodes what [Script] prints, and calls log for the last lines of each.
// What cannot be decoded ends the list.
func Containers(printed string, log func(id string, lines int) string) []driverapi.Container {
	var found []driverapi.Container
	seen := map[string]bool{} // docker may be a name of podman
	decoder := json.NewDecoder(strings.NewReader(printed))
	for {
		var list []described
		if decoder.Decode(&list) != nil {
			return found
		}
		for _, d := range list {
			if seen[d.ID] || len(found) == maxContainers {
				continue
			}
			seen[d.ID] = true
			c := d.container()
			if c.State != "running" || c.Restarts > 0 {
				c.Log = Lines(log(d.ID, maxLog), maxLog)
			} else {
				c.Log = lastTroubles(log(d.ID, maxRead))
			}
			found = append(found, c)
		}
	}
}

func (d described) container() driverapi.Container {
	c := driverapi.Container{
		Name: cloudinitstatus.Clean(strings.TrimPrefix(d.Name, "/")), Image: cloudinitstatus.Clean(d.Config.Image), State: cloudinitstatus.Clean(d.State.Status),
		ExitCode: d.State.ExitCode, Restarts: d.RestartCount, RestartPolicy: cloudinitstatus.Clean(d.HostConfig.RestartPolicy.Name),
		HostNetwork: d.HostConfig.NetworkMode == "host",
	}
	if d.ImageName != "" {
		c.Image = cloudinitstatus.Clean(d.ImageName)
	}
	for _, word := range d.Config.Cmd[:min(len(d.Config.Cmd), 50)] {
		c.Command = append(c.Command, cloudinitstatus.Clean(word))
	}
	for _, m := range d.Mounts[:min(len(d.Mounts), maxMounts)] {
		c.Mounts = append(c.Mounts, driverapi.Mount{From: cloudinitstatus.Clean(m.Source), To: cloudinitstatus.Clean(m.Destination)})
	}
	for inside, bindings := range d.HostConfig.PortBindings {
		port, protocol, _ := strings.Cut(inside, "/")
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || protocol == "udp" {
			continue
		}
		for _, b := range bindings {
			host, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err != nil {
				continue // a port that the engine chose
			}
			address, _ := netip.ParseAddr(b.HostIP) // none: all
			c.Published = append(c.Published, driverapi.Port{Host: netip.AddrPortFrom(address, uint16(host)), Container: int(number)})
		}
	}
	return c
}

// lastTroubles returns the last lines of a log that tell of an error.
func lastTroubles(log string) []string {
	lines := slices.DeleteFunc(Lines(log, maxRead), func(line string) bool { return !trouble.MatchString(line) })
	return lines[max(0, len(lines)-maxLog):]
}

// Lines returns the last lines of a text that are not empty, fit to be shown.
func Lines(text string, most int) (lines []string) {
	for line := range strings.Lines(text) {
		if line = cloudinitstatus.Clean(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-most):]
}
