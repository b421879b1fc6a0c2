// Package files holds the files that machines get unchanged, so that the demo and
// the tests run the very files that Terraform installs.
package files

import (
	"embed"
	"io/fs"
)

//go:embed all:monitoring
var embedded embed.FS

// Monitoring returns our files on the monitoring machine, from its root:
// "etc/exopool/prometheus.yml" is /etc/exopool/prometheus.yml.
func Monitoring() fs.FS {
	root, err := fs.Sub(embedded, "monitoring")
	if err != nil {
		panic(err) // The name is a constant.
	}
	return root
}
