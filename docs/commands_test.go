package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A commandLine is a command of a page, on one line and without its comment.
type commandLine struct{ page, text string }

// commandStart is how a line of a code block begins that is a command: perhaps with
// assignments, and with one of the programs that the pages use.
var commandStart = regexp.MustCompile(`^(sudo |[A-Z_]+=\S* )*(\./)?(apt|apt-get|auth=\S+|autoscaler|balancer=\S+|brew|cat|cd|cosign|curl|demo|discovery|dnf|` +
	`docker|dpkg|eval|exo|export|fakecloud|gh|git|go|install|journalctl|jq|kill|ko|kubectl|make|mv|node|npm|openssl|podman|printf|replay|rm|rpm|sh|` +
	`sha256sum|sweep|systemctl|tail|tar|terraform|umask|until|wait|work=\S+)( |$)`)

// saidByProgram is how messages of our programs begin.
var saidByProgram = regexp.MustCompile(`^(autoscaler|demo|discovery|fakecloud|replay|sweep)( [a-z]+)?: `)

// commandLines returns the commands of all pages, in order.
func commandLines(t *testing.T) []commandLine {
	t.Helper()
	var found []commandLine
	for _, page := range pages(t) {
		if page == "CHANGELOG.md" {
			continue
		}
		fenced, language := false, ""
		text := strings.ReplaceAll(string(read(t, filepath.Join(root, page))), " \\\n", " ")
		for line := range strings.Lines(text) {
			trimmed := strings.TrimSpace(line)
			if after, isFence := strings.CutPrefix(trimmed, "```"); isFence {
				fenced, language = !fenced, after
				continue
			}
			if fenced && language == "yaml" {
				var isStep bool
				if trimmed, isStep = strings.CutPrefix(trimmed, "- run: "); !isStep {
					continue
				}
			} else if fenced && language != "sh" || !fenced && !strings.HasPrefix(line, "    ") {
				continue
			}
			if strings.Contains(line, "──▶") || saidByProgram.MatchString(trimmed) || !commandStart.MatchString(trimmed) {
				continue
			}
			trimmed = regexp.MustCompile(`\s+# .*$`).ReplaceAllString(trimmed, "")
			found = append(found, commandLine{page, strings.Join(strings.Fields(trimmed), " ")})
		}
	}
	require.Greater(t, len(found), 100)
	return found
}

// TestEachCommandIsRunOrSaysWhyNot: docs/commands.txt has a line for each command of
// the pages, with the test that runs it, or the reason why none does. A * stands for
// all other commands of a page, if there are any.
func TestEachCommandIsRunOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	lines := map[commandLine]bool{} // whether the page has it
	for line := range strings.Lines(string(read(t, "commands.txt"))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		page, rest, found := strings.Cut(line, ": ")
		text, how, foundHow := strings.Cut(rest, " => ")
		if !assert.True(t, found && foundHow, "docs/commands.txt: %q is not PAGE: COMMAND => HOW", line) {
			continue
		}
		assert.NotContains(t, lines, commandLine{page, text}, "docs/commands.txt has it twice")
		lines[commandLine{page, text}] = false
		checkHow(t, line, how)
	}
	for _, command := range commandLines(t) {
		all := commandLine{command.page, "*"}
		_, known := lines[command]
		_, wholePage := lines[all]
		switch {
		case known:
			lines[command] = true
		case wholePage:
			lines[all] = true
		default:
			assert.Failf(t, "nobody runs a command", "add to docs/commands.txt who does, or why nobody can:\n%s: %s => not: WHY", command.page, command.text)
		}
	}
	for command, used := range lines {
		assert.True(t, used || command.text == "*", "docs/commands.txt: %s has no command %q", command.page, command.text)
	}
}

// checkHow checks that what runs a command exists: a file, and in it the name of a
// test, or the command itself.
func checkHow(t *testing.T, line, how string) {
	t.Helper()
	if how == "run" { // by test/pages
		return
	}
	if reason, ok := strings.CutPrefix(how, "not: "); ok {
		assert.Greater(t, len(reason), 10, "%s: say why", line)
		return
	}
	by, ok := strings.CutPrefix(how, "by ")
	file, text, hasText := strings.Cut(by, " ")
	if assert.True(t, ok && hasText, "docs/commands.txt: %q ends neither in run, nor in by FILE TEXT, nor in not: WHY", line) {
		assert.True(t, slices.Contains(repositoryFiles(t), file) && strings.Contains(string(read(t, filepath.Join(root, file))), text),
			"docs/commands.txt: %q: %s has no %q", line, file, text)
	}
}
