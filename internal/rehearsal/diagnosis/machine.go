package diagnosis

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// examine looks at one machine. A missing rule comes first as long as it may be all
// that is wrong.
func (e *Examiner) examine(p patient, about acceptance.Subject) (found []finding) {
	if p.Error == "" && !p.facts.On {
		return []finding{{seen: p.named("the machine is off"), do: "leave it on: neither user-data nor another program may shut it down"}}
	}
	if p.Error != "" {
		found = append(found, finding{seen: p.Name + ": " + p.Error, do: afterFailure(p.Error)})
	}
	found = append(found, afterwards(p, about)...)
	if about.Port != 0 {
		rule := e.missingRule(p, about)
		if p.Error == "" && (listens(p.facts, about.Port) || !p.facts.Done) {
			found = append(rule, found...)
		} else {
			found = append(found, rule...)
		}
	}
	return append(found, e.refusedCalls(p)...)
}

// afterFailure says what to do about an error of the cloud.
func afterFailure(text string) string {
	_, passed, wentOn := strings.Cut(text, "it had gone on after an error: ")
	if !wentOn {
		return remedy(text)
	}
	if better := remedy(passed); better != "" {
		return better + "; " + stopAtErrors
	}
	return stopAtErrors
}

const stopAtErrors = "begin the script with set -e, so that it stops there"

// afterwards looks at what user-data has left behind, failed or not.
func afterwards(p patient, about acceptance.Subject) (found []finding) {
	if about.Port != 0 && listens(p.facts, about.Port) {
		return nil
	}
	found = append(found, working(p)...)
	if about.Port != 0 {
		found = append(found, otherPort(p, about)...)
	}
	found = append(found, endedContainers(p)...)
	found = append(found, complaints(p)...)
	found = append(found, failedUnits(p)...)
	if about.Port != 0 && len(found) == 0 && p.Error == "" && p.facts.Done {
		found = append(found, finding{seen: p.named("nothing listens on port %d", about.Port), do: fmt.Sprintf("start the program in the user-data, so that it listens on port %d of the machine", about.Port)})
	}
	return found
}

var packageManager = regexp.MustCompile(`\b(apt|apt-get|dpkg)\b`)

// working says what user-data is doing that is not done.
func working(p patient) []finding {
	if p.facts.Done || len(p.facts.Working) == 0 {
		return nil
	}
	now := p.facts.Working[len(p.facts.Working)-1]
	for _, line := range p.facts.Working {
		if strings.HasPrefix(line, "docker run ") || strings.HasPrefix(line, "podman run ") {
			now = line
			break
		}
	}
	f := finding{seen: p.named("its user-data is still at work: %s", now)}
	switch {
	case strings.HasPrefix(now, "docker run ") || strings.HasPrefix(now, "podman run "):
		f.do = "add --detach (-d): without it the script waits until the container ends"
	case strings.Contains(now, "/debconf/frontend") || strings.Contains(now, "whiptail") || strings.Contains(now, "dialog "):
		f.do = "it waits for an answer: export DEBIAN_FRONTEND=noninteractive before apt-get"
	case strings.HasPrefix(now, "sleep "):
		f.do = "shorten the sleep, or wait for the condition instead"
	case slices.ContainsFunc(p.facts.Working, packageManager.MatchString):
		f.do = "install less, or wait: packages come over the internet"
	default:
		f.do = "a program that is to stay belongs into a service or a container, so that the script goes on"
	}
	return []finding{f}
}

// otherPort says where programs listen instead of the port that was asked.
func otherPort(p patient, about acceptance.Subject) []finding {
	asked := "it is asked on port " + strconv.Itoa(about.Port)
	if about.Balancer {
		asked = fmt.Sprintf("the service's health check asks port %d", about.Port)
	}
	for _, at := range p.facts.Sockets {
		if int(at.Port()) == about.Port && at.Addr().IsLoopback() {
			return []finding{{seen: p.named("port %d listens on %s only", about.Port, at.Addr()), do: fmt.Sprintf("let the program listen on 0.0.0.0:%d", about.Port)}}
		}
	}
	for _, c := range p.facts.Containers {
		if c.State != "running" || restless(c) {
			continue
		}
		for _, port := range c.Published {
			host := int(port.Host.Port())
			switch {
			case host == about.Port:
				return []finding{{seen: p.named("container %s publishes port %d on %s only", c.Name, host, port.Host.Addr()), do: fmt.Sprintf("publish it with -p %d:%d", host, port.Container)}}
			case port.Container == about.Port || about.Balancer && len(p.facts.Containers) == 1:
				return []finding{{
					seen: p.named("%s, on which nothing listens; container %s is published on port %d", asked, c.Name, host),
					do:   fmt.Sprintf("publish it with -p %d:%d, or let target_port and healthcheck use %d", about.Port, port.Container, host),
				}}
			}
		}
		if len(c.Published) == 0 && !c.HostNetwork && about.Balancer && len(p.facts.Containers) == 1 {
			return []finding{{seen: p.named("container %s publishes no port", c.Name), do: fmt.Sprintf("publish the port of its program: -p %d:PORT", about.Port)}}
		}
	}
	if others := programPorts(p.facts); len(others) > 0 && p.facts.Done {
		return []finding{{
			seen: p.named("%s, on which nothing listens; something does on %s", asked, joined(others)),
			do:   fmt.Sprintf("let the program listen on port %d, or ask the port on which it does", about.Port),
		}}
	}
	return nil
}

// endedContainers says which containers do not run, or start again and again.
func endedContainers(p patient) (found []finding) {
	for _, c := range p.facts.Containers {
		said := ""
		if n := len(c.Log); n > 0 {
			said = ": " + c.Log[n-1]
		}
		f := finding{do: "its log says why: docker logs " + c.Name}
		switch {
		case restless(c):
			f.seen = p.named("container %s (%s) ends again and again, %d times until now%s", c.Name, c.Image, c.Restarts, said)
		case c.State == "exited" && (c.ExitCode != 0 || !oneShot(c)):
			f.seen = p.named("container %s (%s) has ended with exit code %d%s", c.Name, c.Image, c.ExitCode, said)
			if c.RestartPolicy == "" || c.RestartPolicy == "no" {
				f.do = "correct what its log says, and start it with --restart=always: programs of other containers may not be ready yet"
			}
		case c.State == "created":
			f.seen = p.named("container %s (%s) was made, but did not start%s", c.Name, c.Image, said)
		default:
			continue
		}
		if said != "" {
			if better := remedy(said); better != "" {
				f.do = better
			}
		}
		found = append(found, f)
	}
	return found
}

// failedUnits says which units of systemd have failed.
func failedUnits(p patient) (found []finding) {
	for _, unit := range p.facts.FailedUnits {
		name, said, _ := strings.Cut(unit, ":")
		f := finding{seen: p.named("the service %s failed", name), do: "journalctl -u " + name + " on the machine says why", weight: incident}
		if said = strings.TrimSpace(said); said != "" {
			f.seen += ": " + said
			f.do = "correct what it says; journalctl -u " + name + " on the machine says more"
		}
		found = append(found, f)
	}
	return found
}

// restless reports whether a container ends again and again. Podman calls one that is
// about to start again stopped.
func restless(c driverapi.Container) bool { return c.State == "restarting" || c.Restarts > 2 }

// oneShot reports whether a container ended well, as one that only prepares
// something does.
func oneShot(c driverapi.Container) bool { return c.ExitCode == 0 }

// errorDelay is how long after the end of user-data the cloud certainly knows whether
// it failed.
const errorDelay = 3 * time.Second

// complaints says what a script ran into and went on.
func complaints(p patient) []finding {
	// The cloud takes a second to see that user-data has failed.
	if len(p.facts.Complaints) == 0 || p.Error != "" || p.facts.DoneSince < errorDelay {
		return nil
	}
	first := p.facts.Complaints[0]
	do := stopAtErrors
	if better := remedy(first); better != "" {
		do = better + "; " + do
	}
	return []finding{{seen: p.named("the user-data went on after an error: %s", first), do: do, weight: incident}}
}

// listens reports whether a program waits on a port for connections from outside.
func listens(facts driverapi.Facts, port int) bool {
	for _, at := range facts.Sockets {
		if int(at.Port()) == port && !at.Addr().IsLoopback() {
			return true
		}
	}
	for _, c := range facts.Containers {
		for _, published := range c.Published {
			if c.State == "running" && int(published.Host.Port()) == port && !published.Host.Addr().IsLoopback() {
				return true
			}
		}
	}
	return false
}

// programPorts are those of programs that user-data has brought.
func programPorts(facts driverapi.Facts) (ports []int) {
	for _, at := range facts.Sockets {
		port := int(at.Port())
		// sshd, the resolver, and short-lived ones
		if port == 22 || port == 53 || port >= 32768 || at.Addr().IsLoopback() || slices.Contains(ports, port) {
			continue
		}
		ports = append(ports, port)
	}
	return ports
}

func joined(ports []int) string {
	texts := make([]string, 0, len(ports))
	for _, p := range ports {
		texts = append(texts, strconv.Itoa(p))
	}
	return strings.Join(texts, ", ")
}
