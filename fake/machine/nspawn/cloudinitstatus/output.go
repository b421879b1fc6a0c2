package cloudinitstatus

import (
	"fmt"
	"regexp"
	"strings"
)

// shellError is how the shells of Debian begin a message about a script of the
// user-data: dash writes "script: 3: ...", bash "script: line 3: ...".
var shellError = regexp.MustCompile(`/var/lib/cloud/instance/scripts/([\w.-]+): (?:line )?(\d+): `)

// lastErrorLine is the last line of a script that a shell complained about.
func lastErrorLine(output string) string {
	found := shellError.FindAllStringSubmatch(output, -1)
	if len(found) == 0 {
		return ""
	}
	last := found[len(found)-1]
	return line(last[2], last[1])
}

// line names one of a script. What cloud-init makes of runcmd is a script, too.
func line(number, script string) string {
	text := "line " + number + " of " + script
	if script == "runcmd" {
		text += " (its commands begin at line 2)"
	}
	return text
}

var failures = regexp.MustCompile(`Runparts: 1 failures \(([\w.-]+)\)`)

// failedScript is the name of the only script that failed, or nothing.
func failedScript(messages []string) string {
	if found := failures.FindStringSubmatch(strings.Join(messages, "\n")); found != nil {
		return found[1]
	}
	return ""
}

var stopsAtErrors = regexp.MustCompile(`(?m)^(#!.*[ \t]-\w*e|.*\bset[ \t]+-\w*e|.*\bset[ \t]+-o[ \t]+errexit|.*\bexit\b)`)

// lastCommand names the last line of a shell script that goes on after errors.
func lastCommand(name, script string) string {
	if !strings.HasPrefix(script, "#!") || stopsAtErrors.MatchString(script) {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(script), "\n")
	return line(fmt.Sprint(len(lines)), name) + ", the last command"
}

// keygen is what cloud-init lets ssh-keygen say about each host key, a drawing
// included.
var keygen = regexp.MustCompile(`(?s)Generating public/private [^\n]*\n.*?\n\+----\[SHA256\]-----\+\n`)

const (
	tailLines  = 15
	longestOne = 300 // bytes
)

// tail returns the last lines of the output, which usually say what went wrong.
func tail(output string) []string {
	output = keygen.ReplaceAllString(output, "")
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		// What a progress bar wrote over is not part of the line.
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndexByte(line, '\r')+1:]
		if line = strings.ToValidUTF8(line[:min(len(line), longestOne)], "?"); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
