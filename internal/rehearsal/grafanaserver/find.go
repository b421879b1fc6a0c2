package grafanaserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// Auto makes [Find] search the usual places.
const Auto = "auto"

// packageHome is the home folder of the packages for Debian and Red Hat.
const packageHome = "/usr/share/grafana"

// versionTimeout bounds how long a program may take to print its version.
const versionTimeout = 20 * time.Second

// ErrNotFound is the error of [Find] when there is no Grafana.
var ErrNotFound = errors.New("no grafana found")

// An Installation is a Grafana on this host.
type Installation struct {
	Program string   // the executable
	Command []string // before the flags: "server", nothing for the old grafana-server
	Home    string   // with the folder conf in it
	Version string   // such as "10.0.0"
}

// Find returns the Grafana to use. The program is [Auto], the name or path of an
// executable, or a folder with bin/grafana in it. home is the folder that has
// conf in it; it may be empty if that is beside the program or where a package
// puts it. The error is [ErrNotFound] when Auto finds none.
func Find(ctx context.Context, program, home string) (Installation, error) {
	path, err := executable(program)
	if err != nil {
		return Installation{}, err
	}
	found := Installation{Program: path}
	if filepath.Base(path) != "grafana-server" {
		found.Command = []string{"server"}
	}
	if found.Home, err = homeOf(path, home); err != nil {
		return Installation{}, err
	}
	if found.Version, err = version(ctx, found); err != nil {
		return Installation{}, err
	}
	return found, nil
}

func executable(program string) (string, error) {
	candidates := []string{program}
	if program == Auto {
		// A package puts scripts into the PATH that read the settings of this
		// host: the program itself is in its home.
		inPackage := filepath.Join(packageHome, "bin")
		candidates = []string{
			filepath.Join(inPackage, "grafana"), filepath.Join(inPackage, "grafana-server"), "grafana", "grafana-server",
		}
	} else if info, err := os.Stat(program); err == nil && info.IsDir() {
		candidates = []string{filepath.Join(program, "bin", "grafana"), filepath.Join(program, "bin", "grafana-server")}
	}
	for _, candidate := range candidates {
		path, err := exec.LookPath(candidate)
		if err != nil {
			continue
		}
		// The home is found beside the file, not beside a link to it.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Abs(path)
		}
	}
	if program == Auto {
		return "", fmt.Errorf("%w: neither grafana nor grafana-server is in the PATH, and %s does not exist: "+
			"install it or name the program", ErrNotFound, packageHome)
	}
	return "", fmt.Errorf("%w at %s: name the program, or a folder with bin/grafana in it", ErrNotFound, program)
}

// homeOf returns the folder that has conf/defaults.ini in it.
func homeOf(program, home string) (string, error) {
	candidates := []string{home}
	if home == "" {
		above := filepath.Dir(filepath.Dir(program))
		candidates = []string{above, filepath.Join(above, "home"), packageHome}
	}
	for _, candidate := range candidates {
		_, err := os.Stat(filepath.Join(candidate, "conf", "defaults.ini"))
		if err == nil {
			return filepath.Abs(candidate)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find the home of %s: %w", program, err)
		}
	}
	return "", fmt.Errorf("find the home of %s: no conf/defaults.ini in %q: name the folder that has it", program, candidates)
}

var versionNumber = regexp.MustCompile(`\d+\.\d+[0-9A-Za-z.+-]*`)

func version(ctx context.Context, found Installation) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	flag := "--version"
	if len(found.Command) == 0 {
		flag = "-v"
	}
	output, err := exec.CommandContext(ctx, found.Program, flag).Output() //nolint:gosec // the user names the program
	if err != nil {
		var said string
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			said = fmt.Sprintf(": %.300q", exit.Stderr)
		}
		return "", fmt.Errorf("get the version of %s: %w%s", found.Program, err, said)
	}
	number := versionNumber.FindString(string(output))
	if number == "" {
		return "", fmt.Errorf("get the version of %s: none in its output %.80q", found.Program, output)
	}
	return number, nil
}
