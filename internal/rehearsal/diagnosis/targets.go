package diagnosis

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// targetProblems says which members Prometheus does not see, and why.
func (e *Examiner) targetProblems(ctx context.Context, p patient, patients []patient, targets []target) (found []finding) {
	members := e.runningMembers()
	of, others := map[string][]target{}, []string{}
	for _, t := range targets {
		host, _ := t.address()
		if _, ok := members[host]; ok {
			of[host] = append(of[host], t)
		} else if ip, err := netip.ParseAddr(host); err == nil && !ip.IsLoopback() && ip != p.Address {
			others = append(others, t.DiscoveredLabels["__address__"])
		}
	}
	missing := ""
	for _, host := range slices.Sorted(maps.Keys(members)) {
		switch {
		case len(of[host]) > 0:
			found = append(found, e.problemsOf(p, examined(patients, members[host]), of[host])...)
		case missing == "":
			missing = host
		}
	}
	if missing == "" {
		return found
	}
	f := finding{seen: "Prometheus has no target for the member " + missing, do: e.sourceOfTargets(ctx, p), weight: symptom}
	if len(others) > 0 {
		f.seen += "; it has " + strings.Join(others[:min(len(others), 3)], ", ")
	}
	return append(append(found, e.silence(p)...), f)
}

// problemsOf says why none of a member's targets is as it should be; nothing if one
// is.
func (e *Examiner) problemsOf(p, member patient, targets []target) (found []finding) {
	hopeless := true
	for _, t := range targets {
		host, port := t.address()
		instance, _, _ := strings.Cut(t.Labels["instance"], ":")
		var f finding
		switch {
		case t.Health == "down":
			f = e.scrapeProblem(scrape{p, member, t.DiscoveredLabels["__address__"], port, t.LastError})
		case instance != host:
			f = finding{
				seen: fmt.Sprintf("Prometheus gives %s the label instance=%q", t.DiscoveredLabels["__address__"], t.Labels["instance"]),
				do:   "leave the label instance as it is, IP:PORT: remove the relabelling or the label from the targets file",
			}
		default:
			return nil
		}
		hopeless = hopeless && f.final
		found = append(found, f)
	}
	for i := range found {
		found[i].final = hopeless
	}
	return found
}

// address returns where Prometheus scrapes a target; port 0 if it is no number.
func (t target) address() (host string, port int) {
	host, text, _ := strings.Cut(t.DiscoveredLabels["__address__"], ":")
	port, err := strconv.Atoi(text)
	if err != nil {
		return host, 0
	}
	return host, port
}

// runningMembers returns the members of pools that run, by address.
func (e *Examiner) runningMembers() map[string]exoapi.InstanceInfo {
	members := map[string]exoapi.InstanceInfo{}
	for _, i := range e.cfg.Account.Instances() {
		if i.PoolID != "" && i.Address.IsValid() && i.State == "running" {
			members[i.Address.String()] = i
		}
	}
	return members
}

// examined returns what was seen of an instance, if it was looked into.
func examined(patients []patient, i exoapi.InstanceInfo) patient {
	if at := slices.IndexFunc(patients, func(p patient) bool { return p.ID == i.ID }); at >= 0 {
		return patients[at]
	}
	return patient{InstanceInfo: i}
}

// A scrape is one that fails.
type scrape struct {
	from, of patient
	address  string // IP:PORT
	port     int
	reason   string // as Prometheus says it
}

func (e *Examiner) scrapeProblem(s scrape) finding {
	f := finding{seen: fmt.Sprintf("Prometheus cannot scrape %s: ", s.address), weight: symptom}
	if closed := e.closedTo(s); closed != "" {
		f.seen += closed
		f.do = fmt.Sprintf("add an ingress rule for TCP %d to the members' security group, from the group of the monitoring machine", s.port)
		f.weight, f.final = cause, true // nothing but another apply changes rules
		return f
	}
	f.seen += s.reason
	switch {
	case strings.Contains(s.reason, "refused"):
		f.do = fmt.Sprintf("start the node exporter on port %d of the members, or let the discovery's TARGET_PORT be its port", s.port)
		if hidden := unpublished(s.of.facts); hidden != nil {
			f.seen += fmt.Sprintf("; container %s (%s) publishes no port", hidden.Name, hidden.Image)
			f.do = fmt.Sprintf("publish the port of the node exporter, -p %d:9100, or give it the machine's network, --net=host", s.port)
		} else if others := programPorts(s.of.facts); len(others) > 0 && s.of.facts.Done {
			f.seen += "; programs of the member listen on " + joined(others)
		}
	case strings.Contains(s.reason, "deadline exceeded"), strings.Contains(s.reason, "timeout"), strings.Contains(s.reason, "no route"):
		f.do = fmt.Sprintf("look whether the exporter on port %d of the member answers in time", s.port)
	default:
		f.do = fmt.Sprintf("let port %d of the members be that of a node exporter, which answers /metrics", s.port)
	}
	return f
}

// closedTo says why security groups keep a scrape from its port; nothing if they do
// not.
func (e *Examiner) closedTo(s scrape) string {
	admission, peers := e.admitted(s.of, s.port)
	switch {
	case admission == closed:
		return fmt.Sprintf("no rule opens port %d of %s (%s)", s.port, s.of.Name, e.groups(s.of))
	case admission == restricted && !slices.ContainsFunc(peers, func(p netip.Prefix) bool { return p.Contains(s.from.Address) }):
		return fmt.Sprintf("port %d of %s is open for %v only, not for %s at %s", s.port, s.of.Name, peers, s.from.Name, s.from.Address)
	}
	return ""
}

// unpublished returns a container that runs and that nothing outside its machine
// reaches; nil if there is none.
func unpublished(facts driverapi.Facts) *driverapi.Container {
	for i, c := range facts.Containers {
		if c.State == "running" && len(c.Published) == 0 && !c.HostNetwork {
			return &facts.Containers[i]
		}
	}
	return nil
}

var filesPattern = regexp.MustCompile(`(?m)^\s*- files:\s*\n\s*- (\S+)`)

// sourceOfTargets says where Prometheus has its targets from, and what to look at.
func (e *Examiner) sourceOfTargets(ctx context.Context, p patient) string {
	var answer struct {
		Data struct{ YAML string }
	}
	if e.ask(ctx, p.Address, "/api/v1/status/config", &answer) == nil {
		if files := filesPattern.FindStringSubmatch(answer.Data.YAML); files != nil {
			return wherefrom(p.facts, strings.Trim(files[1], `"'`))
		}
		if !strings.Contains(answer.Data.YAML, "_sd_configs") {
			return "configure file_sd_configs with the file that the discovery writes: its targets are fixed"
		}
	}
	return "look at what the discovery writes, and whether it runs"
}

// wherefrom says which file Prometheus reads, as its machine sees it.
func wherefrom(facts driverapi.Facts, file string) string {
	at := slices.IndexFunc(facts.Containers, isPrometheus)
	if at < 0 {
		return fmt.Sprintf("let the discovery write %s as Prometheus sees it: mount the same folder (not the file, which is replaced) into both containers", file)
	}
	c, longest := facts.Containers[at], driverapi.Mount{}
	for _, m := range c.Mounts {
		if (file == m.To || strings.HasPrefix(file, strings.TrimSuffix(m.To, "/")+"/")) && len(m.To) > len(longest.To) {
			longest = m
		}
	}
	switch longest.To {
	case "":
		return fmt.Sprintf("mount the folder that the discovery writes to into container %s: it reads %s, and nothing is mounted there", c.Name, file)
	case file:
		return fmt.Sprintf("mount the folder of %s into container %s, not the file: the discovery replaces it, and the container keeps the old one", longest.From, c.Name)
	}
	return fmt.Sprintf("let the discovery write %s of the machine: container %s reads it, as %s", path.Join(longest.From, strings.TrimPrefix(file, longest.To)), c.Name, file)
}

var prometheusImage = regexp.MustCompile(`(^|/)prometheus(:|@|$)`)

func isPrometheus(c driverapi.Container) bool {
	return prometheusImage.MatchString(c.Image) || slices.ContainsFunc(c.Published, func(p driverapi.Port) bool { return p.Host.Port() == prometheusPort })
}
