// Package settings reads what the programs are told, from flags and from the
// environment.
//
// A flag wins over the environment, the environment over the default. Where
// several variables mean the same, the first one that is set wins. Secrets
// never come from a flag, because every user of the machine can list the
// arguments of a process: they come from the environment or from a file that
// a flag or a *_FILE variable names.
//
// Nothing is read before one of the Parse functions is called, and everything
// that is missing or malformed is told in one [Error].
package settings
