// Package vendorimages makes images of Prometheus and Grafana for tests where those
// of their vendors cannot be pulled. As far as a user can see they are the same:
// made from the programs on this host, with the same paths, ports and users.
package vendorimages
