package network

import "github.com/vishvananda/netns"

// Inside runs f in the namespace that a path names.
func Inside(path string, f func() error) error {
	ns, err := netns.GetFromPath(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	return inNamespace(ns, f)
}
