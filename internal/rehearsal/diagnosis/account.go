package diagnosis

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// admission is what rules of security groups let reach a port of a machine.
type admission int

const (
	unknown    admission = iota // no groups are known of the machine
	closed                      // no rule opens the port
	restricted                  // it is open for some addresses
	open                        // for all
)

// admitted returns what may reach a port, and whom the last rule admits.
func (e *Examiner) admitted(p patient, port int) (a admission, peers []netip.Prefix) {
	for _, protection := range e.cfg.Account.Protections() {
		if protection.MachineID != p.ID {
			continue
		}
		a = max(a, closed)
		for _, permit := range protection.Ingress {
			if permit.Protocol != "tcp" || port < permit.FirstPort || port > permit.LastPort {
				continue
			}
			if slices.ContainsFunc(permit.Peers, func(peer netip.Prefix) bool { return peer.Bits() == 0 }) {
				return open, nil
			}
			a, peers = restricted, permit.Peers
		}
	}
	return a, peers
}

// missingRule says that no rule of the machine's security groups opens the port.
func (e *Examiner) missingRule(p patient, about acceptance.Subject) []finding {
	admission, peers := e.admitted(p, about.Port)
	switch {
	case admission == closed:
		f := finding{
			seen: fmt.Sprintf("no rule opens port %d of %s (%s)", about.Port, p.Name, e.groups(p)),
			do:   fmt.Sprintf("add an ingress rule for TCP %d from 0.0.0.0/0 to a group of the machine", about.Port),
		}
		if about.Balancer {
			f.do += ", or let the service and its health check use a port that is open"
		}
		return []finding{f}
	case admission != restricted, about.Balancer: // it may well be the health checks that are admitted
		return nil
	}
	return []finding{{
		seen: fmt.Sprintf("port %d of %s is open for %v only", about.Port, p.Name, peers),
		do:   fmt.Sprintf("add an ingress rule for TCP %d from 0.0.0.0/0: the checker asks from outside", about.Port),
	}}
}

// groups says which security groups a machine is in, and what they open.
func (e *Examiner) groups(p patient) string {
	var named string
	switch len(p.SecurityGroups) {
	case 0:
		named = "it is in no group"
	case 1:
		named = "its group is " + p.SecurityGroups[0]
	default:
		named = "its groups are " + strings.Join(p.SecurityGroups, ", ")
	}
	var ports []string
	for _, protection := range e.cfg.Account.Protections() {
		for _, permit := range protection.Ingress {
			if protection.MachineID == p.ID && permit.Protocol == "tcp" {
				ports = append(ports, span(permit.FirstPort, permit.LastPort))
			}
		}
	}
	if len(ports) == 0 {
		return named + ", without a rule for TCP"
	}
	return named + ", with rules for TCP " + strings.Join(slices.Compact(slices.Sorted(slices.Values(ports))), ", ")
}

func span(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// refusedCalls says that the API refused what came from the machine.
func (e *Examiner) refusedCalls(p patient) []finding {
	caller := e.cfg.Account.Callers()[p.Address]
	if caller.Refused == 0 {
		return nil
	}
	return []finding{{
		seen:  p.named("the API refused %d of its %d calls: %s", caller.Refused, caller.Calls, caller.Refusal),
		do:    "give its programs exoscale_key and exoscale_secret as Terraform got them, or a key whose role allows these calls",
		final: caller.Refused == caller.Calls && p.facts.Done,
	}}
}

// balancer says what the health checks of the machines get. If something is known
// that explains why they are not answered, it is left out that they are not.
func (e *Examiner) balancer(patients []patient, explained bool) (found []finding) {
	for _, b := range e.cfg.Account.Balancers() {
		for _, s := range b.Services {
			problems := e.cfg.Machines.HealthProblems(b.ID, s.ID)
			for _, p := range patients {
				if err := problems[p.ID]; err != nil && (!explained || answered.MatchString(err.Error())) {
					found = append(found, healthProblem(p, s, err))
				}
			}
			if s.TargetPort != s.Healthcheck.Port {
				for _, p := range patients {
					if p.facts.Done && listens(p.facts, s.Healthcheck.Port) && !listens(p.facts, s.TargetPort) {
						found = append(found, finding{
							seen: p.named("the service forwards to port %d, on which nothing listens; its health check asks port %d", s.TargetPort, s.Healthcheck.Port),
							do:   "let target_port and the health check's port be the one on which the program listens",
						})
						break
					}
				}
			}
		}
	}
	return found
}

var answered = regexp.MustCompile(`^answer (\d+)$`)

// healthProblem says what a health check got.
func healthProblem(p patient, s exoapi.ServiceInfo, err error) finding {
	check := fmt.Sprintf("the health check of port %d", s.Healthcheck.Port)
	if s.Healthcheck.Mode != "tcp" {
		check = fmt.Sprintf("the health check %s://%s:%d%s", s.Healthcheck.Mode, p.Address, s.Healthcheck.Port, s.Healthcheck.URI)
	}
	status := answered.FindStringSubmatch(err.Error())
	var timeout net.Error
	switch {
	case status != nil && status[1][0] == '4':
		return finding{seen: p.named("%s is answered %s", check, status[1]), do: "let the health check's uri be a path that the program answers with 200, such as /health"}
	case status != nil:
		return finding{seen: p.named("%s is answered %s", check, status[1]), do: "the program has to answer it with 200: its log says why it does not"}
	case errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded):
		return finding{seen: p.named("%s gets no answer in time", check), do: fmt.Sprintf("open TCP %d in the machine's security group, and check that the program answers within %d s", s.Healthcheck.Port, s.Healthcheck.Timeout)}
	case strings.Contains(err.Error(), "refused"):
		return finding{seen: p.named("%s is refused: nothing listens there", check), do: "let the health check ask the port on which the program listens"}
	case strings.Contains(err.Error(), "not on"):
		return finding{seen: p.named("%s: the machine is not on", check)}
	}
	return finding{seen: p.named("%s fails: %v", check, err), do: "its mode has to fit what the program speaks: http, https or tcp"}
}
