//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/report"
	"github.com/exopool/exopool/internal/scripttest"
)

// fakeTerraform is a program that creates nothing. With SLOW or WAIT set, one of
// its commands says so in the pipe READY, and waits to be stopped.
const fakeTerraform = `#!/bin/sh
echo "$@" >> "$CALLS"
case $1 in
version)
	test -z "$SLOW" || { echo version > "$READY"; exec sleep 60; }
	echo '{"terraform_version":"1.9.0"}' ;;
init) cp -R "${0%/*}/../modules/." . 2>/dev/null || : ;;
apply)
	env | grep -e ^TF_ -e ^EXOSCALE_ -e ^HTTPS_PROXY >> "$CALLS"
	cat "${0%/*}/../variables" 2>/dev/null
	test -z "$WAIT" || { trap 'exit 1' INT; echo apply > "$READY"; while :; do sleep 0.02; done; } ;;
esac
`

// newFolder returns a folder to rehearse, and the file to which a fake Terraform
// writes how it was called.
func newFolder(t *testing.T, environ ...string) (term terminal, dir, calls string) {
	t.Helper()
	bin := t.TempDir()
	scripttest.Write(t, filepath.Join(bin, "terraform"), fakeTerraform)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), nil, 0o600))
	calls = filepath.Join(t.TempDir(), "calls")
	t.Setenv("CALLS", calls)
	config := filepath.Join(bin, "config") // so that no provider is looked for
	require.NoError(t, os.WriteFile(config, []byte("provider_installation {}"), 0o600))
	environ = append(environ, "PATH="+os.Getenv("PATH"), "CALLS="+calls, "TF_CLI_CONFIG_FILE="+config)
	return newTerminal(t, environ...), dir, calls
}

// newPipe returns a named pipe: reading it blocks until a program has written.
func newPipe(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	return name
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return string(text)
}

func TestRehearsalPrintsEachLine(t *testing.T) {
	term, dir, calls := newFolder(t, "TF_WORKSPACE=mine", "TF_VAR_name=shop", "TF_VAR_exoscale_key=EXOreal", "EXOSCALE_API_KEY=EXOreal")
	code := term.run(t.Context(), []string{"rehearse", "-machines", "memory", dir, "--", "-var", "x=y"})
	assert.Equal(t, command.ExitFailure, code, "a folder that makes nothing")
	said := term.out.String()
	assert.Contains(t, said, "\n\nSprint 1: resources\n✓ terraform apply ends without an error")
	assert.Contains(t, said, "\n✗ there is exactly one instance pool: there are 0\n")
	assert.Contains(t, said, "\n– all backends are healthy: needs machines that answer: -machines nspawn or process\n")
	assert.Contains(t, said, "\n\nSprint 2: discovery (optional)\n– an image is built from the folder servicediscovery alone: "+
		"not a part of this installation: there is no instance outside the pool\n– terraform apply ends without an error\n")
	assert.Contains(t, said, "\n✓ terraform destroy ends without an error: nothing was created\n")
	assert.Contains(t, said, "\n5 lines hold, 3 do not, 34 could not be checked.\n")

	called := read(t, calls)
	assert.Contains(t, called, "apply -auto-approve -input=false -no-color -var x=y -var-file=")
	assert.NotContains(t, called, "EXOreal")
	assert.NotContains(t, called, "TF_WORKSPACE")
	assert.Contains(t, called, "TF_VAR_name=shop")
	assert.Contains(t, called, "HTTPS_PROXY=http://127.0.0.1:")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing was written into the folder")
}

func TestRehearsalWritesAReport(t *testing.T) {
	term, dir, _ := newFolder(t)
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", "-json", dir}))
	var found struct {
		Passed bool
		Folder string
		Lines  []struct{ Sprint int }
		// The one of Terraform is a script of this test.
		Versions []report.Version
	}
	require.NoError(t, json.Unmarshal([]byte(term.out.String()), &found), "standard output has the report alone")
	assert.False(t, found.Passed)
	assert.Equal(t, dir, found.Folder)
	require.Len(t, found.Versions, 2)
	assert.Equal(t, "exopool", found.Versions[0].Program)
	assert.Equal(t, report.Version{Program: "Terraform", Version: "1.9.0"}, found.Versions[1])
	for _, line := range found.Lines {
		assert.Equal(t, 1, line.Sprint)
	}
	assert.Contains(t, term.err.String(), "\n✗ there is exactly one instance pool: there are 0\n")

	page := filepath.Join(t.TempDir(), "report.html")
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-output", page, dir}))
	assert.Contains(t, read(t, page), "there is exactly one instance pool")
}

func TestSummaryEndsWithAdviceAndStandIns(t *testing.T) {
	t.Parallel()
	to := new(programtest.Output)
	sumUp(to, report.Report{StandIns: []string{"Ubuntu is Debian here"}, Verdict: acceptance.Verdict{
		Results: []acceptance.Result{{}, {Outcome: acceptance.Failed, Optional: true}, {Outcome: acceptance.Skipped}},
		Advice:  []acceptance.Advice{{Text: "forwards to port 8080", Seen: "to 80", Hints: []string{"change it"}}},
	}})
	assert.Equal(t, "\nAdvice, on what the course's checker does not look at:\n• forwards to port 8080: to 80\n    → change it\n"+
		"\nStand-ins in this rehearsal:\n• Ubuntu is Debian here\n"+
		"\n1 lines hold, 1 do not, 1 could not be checked.\n1 of those that do not hold are optional and do not count.\n", to.String())
}

func TestInterruptedRehearsalEnds(t *testing.T) {
	ready := newPipe(t)
	term, dir, _ := newFolder(t, "WAIT=1", "READY="+ready)
	done := make(chan int)
	go func() { done <- term.run(t.Context(), []string{"rehearse", "-machines", "memory", dir}) }()
	require.Equal(t, "apply\n", read(t, ready))
	term.signals <- syscall.SIGINT
	term.signals <- syscall.SIGINT // a copy of the first
	assert.Equal(t, command.ExitFailure, <-done)
	assert.Contains(t, term.err.String(), "interrupted, destroying")
	assert.Contains(t, term.out.String(), "✓ terraform destroy ends without an error")
	assert.Contains(t, term.out.String(), "– terraform apply ends without an error: interrupted\n")
	assert.NotContains(t, term.out.String(), "✗")
}

func TestInterruptBeforeTheFirstLineGivesNoVerdict(t *testing.T) {
	ready := newPipe(t)
	term, dir, _ := newFolder(t)
	t.Setenv("SLOW", "1")
	t.Setenv("READY", ready)
	done := make(chan int)
	go func() { done <- term.run(t.Context(), []string{"rehearse", "-machines", "memory", dir}) }()
	require.Equal(t, "version\n", read(t, ready))
	term.signals <- syscall.SIGINT
	assert.Equal(t, command.ExitFailure, <-done)
	assert.Regexp(t, `\nfakecloud rehearse: interrupted before all lines were checked\n$`, term.err.String())
	assert.Empty(t, term.out.String())
}

func TestWrongRehearsals(t *testing.T) {
	term, dir, _ := newFolder(t)
	empty := t.TempDir()
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{nil, command.ExitUsage, "DIR is missing: give the folder that holds your *.tf files"},
		{[]string{dir, "x"}, command.ExitUsage, `has the argument "x": give no more than`},
		{[]string{dir, "-sprint", "4", "--", "-sprint", "x"}, command.ExitUsage, "flag -sprint is \"4\""},
		{[]string{"-machines", "x", dir}, command.ExitUsage, "give memory, process or nspawn"},
		{[]string{"-machines", "memory", empty}, command.ExitUsage, "has no *.tf file"},
		{[]string{"-machines", "memory", "-root", empty, dir}, command.ExitFailure, "is not in"},
		{[]string{"-sprint", "1,4", dir}, command.ExitUsage, "-sprint"},
		{[]string{"-format", "pdf", dir}, command.ExitUsage, "give json, junit or html"},
		{[]string{"-output", "report.pdf", dir}, command.ExitUsage, "names report.pdf, whose format is not known"},
		{[]string{"-h"}, command.ExitOK, "nspawn where fakecloud doctor finds all it needs"},
	} {
		assert.Equal(t, test.code, term.run(t.Context(), append([]string{"rehearse"}, test.args...)))
		assert.Contains(t, term.out.String()+term.err.String(), test.says)
	}
}

func TestFolderIsCheckedBeforeAnythingIsPrepared(t *testing.T) {
	term, dir, calls := newFolder(t)
	missing := filepath.Join(dir, "missing")
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"rehearse", missing}))
	assert.Contains(t, term.err.String(), "DIR cannot be rehearsed: "+missing+" is not a folder with Terraform configuration: it has no *.tf file: ")
	assert.Empty(t, read(t, calls), "Terraform was not even looked for")
}

func TestResultsArePrintedAndEndTheWait(t *testing.T) {
	t.Parallel()
	to := new(programtest.Output)
	var began []string
	term := newTerminal(t)
	p := &checkProgress{to: to, wait: func(what string, limit time.Duration) *progress.Wait {
		began = append(began, what+" "+limit.String())
		return program{stderr: term.err}.wait(what, limit)
	}}
	for _, line := range []string{"one", "one", "two"} {
		p.see(line, "0 of 1", 0, time.Minute)
	}
	assert.Equal(t, []string{"one 1m0s", "two 1m0s"}, began)
	p.result(acceptance.Result{Sprint: 1, Scenario: "first", Line: "one", Outcome: acceptance.Failed, Took: time.Minute, Limit: time.Minute, Note: "timed out after 1m0s", Hints: []string{"wait longer"}})
	p.result(acceptance.Result{Sprint: 2, Scenario: "second", Optional: true, Line: "two", StandIn: "not real"})
	for range 2 {
		p.result(acceptance.Result{Scenario: "third", Line: "three", Outcome: acceptance.Skipped, Note: "as said"})
	}
	assert.Equal(t, "\nSprint 1: first\n✗ one (1m0s of 1m0s): timed out after 1m0s\n    → wait longer\n"+
		"\nSprint 2: second (optional)\n✓ two\n    not real\n"+
		"\nthird\n– three: as said\n– three\n", to.String())
}

func TestDoctorListsEachKindOfMachines(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	code := term.run(t.Context(), []string{"doctor", "-prefix", "doctortest", "-range", "198.18.240.0/20"})
	said := term.out.String()
	for _, heading := range []string{"(-machines nspawn)", "(-machines process)", "(-machines memory)", "(fakecloud rehearse)"} {
		assert.Contains(t, said, heading)
	}
	nspawn, _, _ := strings.Cut(said, "\n\n")
	assert.Equal(t, strings.Contains(nspawn, "✗"), code != command.ExitOK, "the exit code is about machines that boot:\n%s", said)
	assert.Equal(t, strings.Count(said, "✗"), strings.Count(said, "remedy: "))

	term = newTerminal(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"doctor", "-range", "x"}))
	assert.Contains(t, term.err.String(), "such as 198.18.0.0/16")
}

func TestUsersChoiceOfProvidersIsRespected(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	assert.False(t, program{environ: []string{"HOME=" + home, "TF_CLI_CONFIG_FILE=/none"}}.choosesProviders())
	rc := filepath.Join(home, ".terraformrc")
	require.NoError(t, os.WriteFile(rc, []byte(`plugin_cache_dir = "x"`), 0o600))
	assert.False(t, program{environ: []string{"HOME=" + home}}.choosesProviders(), "it does not say where from")
	require.NoError(t, os.WriteFile(rc, []byte("provider_installation {\n}"), 0o600))
	assert.True(t, program{environ: []string{"HOME=" + home}}.choosesProviders())
	assert.True(t, program{environ: []string{"TF_CLI_CONFIG_FILE=" + rc}}.choosesProviders())
}

func TestMachinesThatBootTakeTheirRealTime(t *testing.T) {
	term, dir, _ := newFolder(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"rehearse", "-machines", "nspawn", "-speed", "2", dir}))
	assert.Contains(t, term.err.String(), "real time")
}
