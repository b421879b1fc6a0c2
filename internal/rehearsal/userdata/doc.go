// Package userdata looks for mistakes in user-data without executing it: in how it is
// encoded, in its YAML, and in its shell scripts. What it finds is advice: most
// of it works some of the time.
package userdata
