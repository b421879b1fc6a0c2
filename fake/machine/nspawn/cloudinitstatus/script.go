package cloudinitstatus

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/exopool/exopool/internal/shellscript"
)

// failures is how cloud-init names the scripts that failed.
var failures = regexp.MustCompile(`scripts-user: Runparts: \d+ failures \(([\w., -]+)\) in \d+ attempted commands`)

// failedScripts returns the names of the scripts that failed.
func failedScripts(message string) []string {
	found := failures.FindStringSubmatch(message)
	if found == nil {
		return nil
	}
	return strings.FieldsFunc(found[1], func(r rune) bool { return r == ',' || r == ' ' })
}

// A failure is why a script of the user-data failed, as far as that can be seen.
type failure struct {
	script string
	line   string // empty: not known
	last   bool   // the line is taken for the failing one because it is the last
	code   string // exit code
	reason string
	passed string // an error after which the script went on; empty: none
}

func (f failure) String() string {
	text := " in " + f.script
	if f.line != "" {
		text = " at line " + f.line + " of " + f.script
		if f.script == "runcmd" {
			text += " (its commands begin at line 2)"
		}
		if f.last {
			text += ", the last command"
		}
	}
	if f.reason == "" {
		f.reason = "it wrote nothing that says why"
	}
	text += ": " + f.reason
	if f.code != "" {
		text += " (exit code " + f.code + ")"
	}
	if f.passed != "" {
		text += "; it had gone on after an error: " + f.passed
	}
	return text
}

// explain finds out why a script failed, from its text, from what was written while
// it ran, and from cloud-init's log.
func explain(script, text, log string, output said) failure {
	f := failure{script: script, reason: output.reason()}
	var cannotStart string
	f.code, cannotStart = exitCode(script, log)
	if cannotStart != "" {
		f.reason = cannotStart
		if interpreter, ok := strings.CutPrefix(firstLine(text), "#!"); ok {
			f.reason += "; its first line asks for the interpreter " + strings.TrimSpace(interpreter)
		}
		return f
	}
	goesOn := shebang.MatchString(text) && !stopsAtErrors.MatchString(text)
	if all := output.complaints(); goesOn && len(all) > 0 && !strings.HasSuffix(f.reason, all[0]) && !strings.HasSuffix(all[0], f.reason) {
		f.passed = all[0]
	}
	if parts := shellError.FindStringSubmatch(f.reason); parts != nil && parts[1] == script {
		f.line, f.reason = parts[2], parts[3]
		return f
	}
	commands := simpleCommands(text)
	if f.line = lineOf(commands, f.reason); f.line == "" && len(commands) > 0 && goesOn {
		// It went on after errors, so that its exit code is the last command's.
		f.line, f.last = fmt.Sprint(commands[len(commands)-1].line), true
	}
	return f
}

// exitCode returns how cloud-init saw a script end: its code, or why it could not
// even be started.
func exitCode(script, log string) (code, cannotStart string) {
	pattern := regexp.MustCompile(`Command: \['[^\n']*/` + regexp.QuoteMeta(script) + `'\]\nExit code: (\S+)\nReason: ([^\n]*)`)
	all := pattern.FindAllStringSubmatch(log, -1)
	if all == nil {
		return "", ""
	}
	last := all[len(all)-1]
	if last[1] == "-" {
		reason, _, _ := strings.Cut(last[2], ": b'")
		return "", "it could not be started: " + Clean(reason)
	}
	return last[1], ""
}

var stopsAtErrors = regexp.MustCompile(`(?m)^(#!.*[ \t]-\w*e|[ \t]*set[ \t]+-\w*e|.*\bset[ \t]+-\w*[ \t]*-?o?[ \t]*errexit|.*\bexit\b)`)

var shebang = regexp.MustCompile(`^#!\s*(?:/usr)?/bin/(?:env\s+)?(ba|da|k|z)?sh\b`)

// A command is a simple command of a script.
type command struct {
	line  uint
	words []string // as far as they are literal
}

// simpleCommands returns the commands of a shell script; of others none, and of a
// script that cannot be parsed those before the fault.
func simpleCommands(text string) []command {
	if !shebang.MatchString(text) {
		return nil
	}
	file, err := shellscript.Parse(text)
	if file == nil || err != nil {
		return nil
	}
	var found []command
	syntax.Walk(file, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			found = append(found, command{call.Pos().Line(), shellscript.Words(call.Args)})
		}
		return true
	})
	slices.SortStableFunc(found, func(a, b command) int { return cmp.Compare(a.line, b.line) })
	return found
}

// speakers are programs by how their messages begin.
var speakers = []struct {
	begins   *regexp.Regexp
	programs []string
}{
	{regexp.MustCompile(`^(E|Error|W): |^dpkg: `), []string{"apt-get", "apt", "podman", "dpkg"}},
	{regexp.MustCompile(`^(docker: |Unable to find image|Error response from daemon|Cannot connect to the Docker daemon)`), []string{"docker", "docker-compose"}},
	{regexp.MustCompile(`^(Failed to (start|enable|restart|stop|reload|disable|get|connect to bus)|Unit \S+ |Job for \S+ )`), []string{"systemctl"}},
	{regexp.MustCompile(`^[\w.]*(Error|Exception)\b`), []string{"python3", "python", "pip", "pip3"}},
}

// lineOf returns the line of the only command that can have written a message.
func lineOf(commands []command, message string) string {
	var programs []string
	for _, s := range speakers {
		if s.begins.MatchString(message) {
			programs = append(programs, s.programs...)
		}
	}
	if name, _, found := strings.Cut(message, ":"); found {
		programs = append(programs, name)
	}
	var candidates, named []command
	for _, c := range commands {
		if !slices.ContainsFunc(c.words, func(w string) bool { return slices.Contains(programs, w[strings.LastIndexByte(w, '/')+1:]) }) {
			continue
		}
		candidates = append(candidates, c)
		if slices.ContainsFunc(c.words[1:], func(w string) bool { return len(w) > 3 && strings.Contains(message, w) }) {
			named = append(named, c)
		}
	}
	switch {
	case len(named) == 1:
		return fmt.Sprint(named[0].line)
	case len(candidates) == 1:
		return fmt.Sprint(candidates[0].line)
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return Clean(line)
}

// readScript returns the text of a script of the user-data; nothing when it cannot
// be read.
func readScript(disk *os.Root, name string) string {
	found, err := fs.Glob(disk.FS(), scriptFiles+name)
	if err != nil || len(found) != 1 {
		return ""
	}
	text, err := readEnd(disk, found[0])
	if err != nil {
		return ""
	}
	return string(text)
}
