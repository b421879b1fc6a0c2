package release_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestRelease makes two versions, and looks at what a user gets of them.
func TestRelease(t *testing.T) {
	r := newRepository(t)
	first := r.release(t, "v0.1.0", asAsked())
	for name, check := range map[string]func(*testing.T, string){
		"files have the sums that are listed":               checkSums,
		"archives hold static programs":                     checkArchives,
		"the monitoring machine's script takes the archive": checkRelease,
		"programs have bills of materials":                  checkBills,
		"Homebrew's files name the archives":                checkCask,
		"packages for Debian":                               checkDeb,
		"packages for Fedora and its kin":                   checkRPM,
	} {
		t.Run(name, func(t *testing.T) { check(t, first) })
	}
	t.Run("packages on a machine that boots", func(t *testing.T) {
		m := newMachine(t)
		m.run(t, first, r.release(t, "v0.1.1", narrowing{
			targets: []string{"linux_amd64"}, programs: []string{"autoscaler", "discovery", "sweep", "replay"},
		}))
	})
}

// TestReleaseIsReproducible: another host that has the commit makes the same files.
func TestReleaseIsReproducible(t *testing.T) {
	if os.Getenv(enable) != "all" {
		t.Skipf("builds two releases: set %s=all", enable)
	}
	one := narrowing{targets: []string{"linux_amd64"}}
	first, second := newRepository(t), newRepository(t)
	assert.Equal(t, sums(t, first.release(t, "v0.1.0", one)), sums(t, second.release(t, "v0.1.0", one)))
}
