// Package files holds what machines get as it is, so that the demo and the
// tests run the very files that Terraform installs.
package files

import (
	"embed"
	"io/fs"
)

//go:embed all:monitoring
var embedded embed.FS

// Monitoring returns the root file system of the monitoring machine, as far as
// it is ours: "etc/exopool/prometheus.yml" is /etc/exopool/prometheus.yml.
func Monitoring() fs.FS {
	root, err := fs.Sub(embedded, "monitoring")
	if err != nil {
		panic(err) // The name is a constant.
	}
	return root
}
