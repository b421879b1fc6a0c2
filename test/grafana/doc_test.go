// Package grafana_test has a real Grafana evaluate the alerts and send the
// webhooks, with the files that the monitoring machine gets, data that a real
// Prometheus engine has scraped, and the real autoscaler at the other end:
//
//	EXOPOOL_GRAFANA=auto go test -v ./test/grafana
//
// The value is "auto" for one that is installed, or the path of a program, or
// of a folder with bin/grafana and home/ in it. All times are real, since
// Grafana cannot be sped up: about seven minutes, nearly all of it waiting.
package grafana_test
