package userdata

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/exopool/exopool/internal/shellscript"
)

// A call is a simple command, without sudo and the like.
type call struct {
	line       uint
	words      []string // as far as they are literal
	background bool
}

// facts is what is of interest in a script.
type facts struct {
	calls    []call
	assigned map[string]bool
	used     map[string]uint // variables without a default, by their first line
}

// shell looks at a shell script. What names it in a sentence.
func (c *checker) shell(what, text string) {
	file, err := shellscript.Parse(text)
	if err != nil {
		var at syntax.ParseError
		seen := oneLine(err.Error())
		if errors.As(err, &at) {
			seen = fmt.Sprintf("line %d: %s", at.Pos.Line(), oneLine(at.Text))
		}
		c.add(what+" can be parsed", seen, "try it with bash -n")
		return
	}
	f := collect(file)
	if len(f.calls) > 1 && !stopsAtErrors(text, f.calls) {
		c.add(what+" stops at the first error", "it goes on after errors, and fails only if its last command does", "begin it with set -e")
	}
	c.list(what+" installs packages without a question", f.lines(asks), "add -y: apt-get install -y; and export DEBIAN_FRONTEND=noninteractive")
	c.list(what+" knows the packages of today", f.lines(f.installsBlindly), "run apt-get update before the first apt-get install")
	c.list(what+" does not wait for its containers", f.lines(blocks), "add --detach (-d), so that the script goes on")
	c.list("containers of "+what+" start again after a failure or a reboot", f.lines(neverRestarts), "add --restart=always")
	c.unset(what, f)
	c.ports(what, f)
}

// list adds advice for lines, if there are any.
func (c *checker) list(should string, lines []string, hint string) {
	if len(lines) > 0 {
		c.add(should, strings.Join(lines[:min(len(lines), 3)], "; "), hint)
	}
}

func collect(file *syntax.File) facts {
	f := facts{assigned: map[string]bool{}, used: map[string]uint{}}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.Stmt:
			if simple, ok := n.Cmd.(*syntax.CallExpr); ok && len(simple.Args) > 0 {
				f.calls = append(f.calls, call{simple.Pos().Line(), words(simple.Args), n.Background})
			}
		case *syntax.Assign:
			if n.Name != nil {
				f.assigned[n.Name.Value] = true
			}
		case *syntax.WordIter:
			f.assigned[n.Name.Value] = true
		case *syntax.ParamExp:
			if name := n.Param; name != nil && n.Exp == nil && !n.Length {
				if _, known := f.used[name.Value]; !known {
					f.used[name.Value] = n.Pos().Line()
				}
			}
		}
		return true
	})
	for _, c := range f.calls {
		if c.words[0] == "read" || c.words[0] == "mapfile" || c.words[0] == "getopts" || c.words[0] == "source" || c.words[0] == "." {
			for _, name := range c.words[1:] {
				f.assigned[name] = true
			}
		}
	}
	return f
}

// words returns a command's words without what only says how it is started.
func words(args []*syntax.Word) []string {
	all := shellscript.Words(args)
	for len(all) > 1 && (all[0] == "sudo" || all[0] == "env" || all[0] == "exec" || all[0] == "nohup" || all[0] == "time" ||
		all[0] == "-E" || strings.Contains(all[0], "=")) {
		all = all[1:]
	}
	return all
}

var shebangStops = regexp.MustCompile(`^#!\S+(\s+\S+)*\s+-\w*e`)

func stopsAtErrors(text string, calls []call) bool {
	return shebangStops.MatchString(text) || slices.ContainsFunc(calls, func(c call) bool {
		return c.words[0] == "set" && slices.ContainsFunc(c.words[1:], func(w string) bool {
			return w == "errexit" || strings.HasPrefix(w, "-") && strings.Contains(w, "e")
		})
	})
}

// lines quotes the commands for which wrong holds.
func (f facts) lines(wrong func(call) bool) (found []string) {
	for _, c := range f.calls {
		if wrong(c) {
			found = append(found, fmt.Sprintf("line %d: %s", c.line, strings.Join(c.words[:min(len(c.words), 2)], " ")))
		}
	}
	return found
}

func isInstall(c call) bool {
	return (c.words[0] == "apt-get" || c.words[0] == "apt") && slices.ContainsFunc(c.words, func(w string) bool {
		return w == "install" || w == "upgrade" || w == "dist-upgrade" || w == "full-upgrade"
	})
}

// asks reports whether a command waits for a yes that nobody gives.
func asks(c call) bool {
	return isInstall(c) && !slices.ContainsFunc(c.words, func(w string) bool {
		return w == "--yes" || w == "--assume-yes" || w == "-qq" || len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.Contains(w, "y")
	})
}

// installsBlindly reports whether packages are installed that no earlier command
// has fetched the list of.
func (f facts) installsBlindly(c call) bool {
	return isInstall(c) && slices.Contains(c.words, "install") && !slices.ContainsFunc(c.words, func(w string) bool { return strings.HasSuffix(w, ".deb") }) &&
		!slices.ContainsFunc(f.calls, func(other call) bool {
			return other.line <= c.line && (other.words[0] == "apt-get" || other.words[0] == "apt") && slices.Contains(other.words, "update")
		})
}

// isService reports whether a container is started that is to stay.
func isService(c call) bool {
	return (c.words[0] == "docker" || c.words[0] == "podman") && len(c.words) > 1 && c.words[1] == "run" && !slices.Contains(c.words, "--rm")
}

var detach = regexp.MustCompile(`^(--detach(=true)?|-[it]*d[it]*)$`)

func detached(c call) bool { return slices.ContainsFunc(c.words, detach.MatchString) }

func blocks(c call) bool { return isService(c) && !detached(c) && !c.background }

func neverRestarts(c call) bool {
	return isService(c) && detached(c) && !slices.ContainsFunc(c.words, func(w string) bool { return strings.HasPrefix(w, "--restart") })
}

// set are variables that a script finds set.
var set = regexp.MustCompile(`^([0-9@*#?$!_-]+|HOME|PATH|USER|LOGNAME|PWD|OLDPWD|SHELL|HOSTNAME|LANG|LC_\w+|UID|EUID|IFS|RANDOM|SECONDS|LINENO|BASH\w*|FUNCNAME|PIPESTATUS|INSTANCE_ID|OPTARG|OPTIND|REPLY|PPID|HOSTTYPE|OSTYPE|MACHTYPE|TERM|TMPDIR|DEBIAN_FRONTEND)$`)

// unset says which variables are used and set nowhere: most often, placeholders that
// Terraform should have filled in.
func (c *checker) unset(what string, f facts) {
	if slices.ContainsFunc(f.calls, func(c call) bool { return c.words[0] == "source" || c.words[0] == "." || c.words[0] == "eval" }) {
		return // it may set anything
	}
	var lines []string
	for name, line := range f.used {
		if !f.assigned[name] && !set.MatchString(name) {
			lines = append(lines, fmt.Sprintf("line %d: ${%s}", line, name))
		}
	}
	slices.Sort(lines)
	c.list(what+" uses variables that are set", lines, "let Terraform fill them in with templatefile() instead of file(), or set them")
}

// ports compares the ports that containers publish with those that are asked and
// open.
func (c *checker) ports(what string, f facts) {
	published, others := f.published()
	if check := c.machine.CheckPort; check != 0 && len(published) > 0 && !others && !slices.Contains(published, check) {
		c.add(fmt.Sprintf("%s publishes port %d, which the load balancer's health check asks", what, check), "it publishes "+joined(published),
			fmt.Sprintf("publish the application with -p %d:PORT, or let target_port and the health check's port be one of these", check))
	}
	if c.machine.Open == nil {
		return
	}
	var closed []int
	for _, port := range published {
		if !c.machine.Open(port) {
			closed = append(closed, port)
		}
	}
	if len(closed) > 0 {
		c.add("what "+what+" publishes is open to those who ask", "no rule opens "+joined(closed), "add an ingress rule, unless only programs of the machine ask")
	}
}

var publishing = regexp.MustCompile(`^(?:[\d.]+:)?(\d+):\d+(?:/tcp)?$`)

// published returns the ports that containers publish, and whether others may be
// listened on as well.
func (f facts) published() (ports []int, others bool) {
	for _, c := range f.calls {
		if (c.words[0] != "docker" && c.words[0] != "podman") || len(c.words) < 2 || c.words[1] != "run" {
			// A service of a package or of its own may listen as well.
			others = others || strings.HasPrefix(c.words[0], "docker-compose") ||
				c.words[0] == "systemctl" && !slices.ContainsFunc(c.words, func(w string) bool { return strings.HasPrefix(w, "docker") })
			continue
		}
		exporter := strings.Contains(strings.ReplaceAll(strings.Join(c.words, " "), "_", "-"), "node-exporter")
		for i, word := range c.words {
			value := ""
			switch {
			case (word == "-p" || word == "--publish") && i+1 < len(c.words):
				value = c.words[i+1]
			case strings.HasPrefix(word, "--publish="):
				value = strings.TrimPrefix(word, "--publish=")
			case strings.HasPrefix(word, "-p"):
				value = strings.TrimPrefix(word, "-p")
			case strings.HasSuffix(word, "=host") && strings.HasPrefix(word, "--net"), word == "host" && strings.HasPrefix(c.words[i-1], "--net"):
				others = others || !exporter
			}
			if at := publishing.FindStringSubmatch(value); at != nil {
				if port, err := strconv.Atoi(at[1]); err == nil && !slices.Contains(ports, port) {
					ports = append(ports, port)
				}
			}
		}
	}
	return ports, others
}

func joined(ports []int) string {
	texts := make([]string, 0, len(ports))
	for _, p := range ports {
		texts = append(texts, strconv.Itoa(p))
	}
	return strings.Join(texts, ", ")
}
