// Package rehearsal is the folder of what surrounds exopool in runs of the
// whole system without an Exoscale account:
//
//   - traffic sends requests, as clients of the application do;
//   - promserver is the Prometheus of the monitoring machine;
//   - grafana runs a Grafana, and notify sends webhooks where there is none;
//   - terraform applies a configuration in a copy of its folder;
//   - acceptance checks an installation as the course's checker does;
//   - diagnosis finds out why a line does not hold;
//   - userdata looks for mistakes in user-data without executing it;
//   - report writes what was found out as JSON, JUnit's XML and HTML.
//
// The demo, the rehearsal and the end-to-end tests share them.
package rehearsal
