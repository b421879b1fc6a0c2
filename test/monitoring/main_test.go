package monitoring_test

import (
	"os"
	"testing"

	"github.com/exopool/exopool/fake/machine/process/member"
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
