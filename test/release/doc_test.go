// Package release_test makes a release as the workflow does, of a copy of this
// repository with a tag, and looks at it as its users do: it checks the archives,
// lets the monitoring machine's script unpack one, and installs, upgrades and purges
// the Debian packages on a machine that boots.
package release_test
