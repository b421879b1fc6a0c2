package providers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
)

// Variable is the environment variable for [Config.Program] of programs and
// tests that let their user choose.
const Variable = "EXOPOOL_PROVIDER"

// chosen makes a mirror of links to a provider that was built elsewhere.
func chosen(cache, program string) (artifact, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return artifact{}, err
	}
	version, found := strings.CutPrefix(filepath.Base(program), "terraform-provider-exoscale_v")
	if !found || !semver.IsValid("v"+version) {
		return artifact{}, fmt.Errorf("%s is not named terraform-provider-exoscale_vVERSION", program)
	}
	info, err := os.Stat(program)
	if err != nil {
		return artifact{}, err
	}
	if !info.Mode().IsRegular() {
		return artifact{}, fmt.Errorf("%s is not a file", program)
	}
	r := recipe{source: exoscaleSource, version: version}
	sum := sha256.Sum256([]byte(program))
	name := fmt.Sprintf("exoscale-%s-%s-chosen-%x", version, platform, sum[:6])
	a := artifact{recipe: r, mirror: filepath.Join(cache, name), program: program}
	for _, host := range hosts() {
		link := filepath.Join(a.mirror, pathInMirror(host, r))
		if err := os.MkdirAll(filepath.Dir(link), 0o750); err != nil {
			return artifact{}, err
		}
		if err := os.Symlink(program, link); err != nil && !errors.Is(err, fs.ErrExist) {
			return artifact{}, err
		}
	}
	return a, nil
}
