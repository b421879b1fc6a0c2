// Package wire is the emulator's JSON: requests are read with [Fields], which
// keeps the first thing that is wrong; answers are encoded here, and an [Error]
// knows its status.
package wire
