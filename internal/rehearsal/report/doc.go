// Package report writes what a rehearsal has found out: as JSON for programs, as
// JUnit's XML for CI systems, and as a page of HTML that can be handed in.
package report
