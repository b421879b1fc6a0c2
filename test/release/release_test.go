package release_test

import (
	"os"
	"testing"
)

// TestRelease makes two versions, and looks at what a user gets of them.
func TestRelease(t *testing.T) {
	r := newRepository(t)
	targets := []string{"linux_amd64", "linux_arm64"}
	if os.Getenv(enable) == "all" {
		targets = nil
	}
	first := r.release(t, "v0.1.0", targets...)
	for name, check := range map[string]func(*testing.T, string){
		"files have the sums that are listed":               checkSums,
		"archives hold static programs":                     checkArchives,
		"the monitoring machine's script takes the archive": checkRelease,
		"programs have bills of materials":                  checkBills,
		"packages for Debian":                               checkDeb,
		"packages for Fedora and its kin":                   checkRPM,
	} {
		t.Run(name, func(t *testing.T) { check(t, first) })
	}
	t.Run("packages on a machine that boots", func(t *testing.T) {
		m := newMachine(t)
		m.run(t, first, r.release(t, "v0.1.1", "linux_amd64"))
	})
}
