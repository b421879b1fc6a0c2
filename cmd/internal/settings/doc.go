// Package settings reads what a program is told, from flags and from the
// environment. Every program declares its settings with it, in a file of its
// own that is named settings.go:
//
//	func declare(getenv func(string) string) (*settings.Set, *config) {
//		cfg := &config{Loop: loop.DefaultConfig(), Port: 8090}
//		set := settings.New("example", "example does what its name says.", getenv)
//		settings.Add(set, &cfg.Loop.Interval, settings.Spec{
//			Flag: "interval", Env: "EXAMPLE_INTERVAL", Help: "time from one pass to the next",
//		}, settings.Duration(loop.MinInterval, loop.MaxInterval))
//		settings.Add(set, &cfg.Port, settings.Spec{Flag: "port", Help: "port to listen on"}, settings.Port())
//		settings.AddLogging(set, &cfg.Logging)
//		settings.Validate(set, &cfg.Loop)
//		return set, cfg
//	}
//
// Package command reads a command line into them, and prints their help.
//
// A setting is declared once, and bound to the field that it fills, best of the
// Config of the package that does the work: the value in that field is the
// default, the [Kind] says which values are accepted, and help, errors and the
// tables in the documentation follow from both. A group of settings that
// several commands share is a function that takes the [Set] and a pointer, as
// [AddLogging] does.
//
// [Add] declares a setting, [AddRepeated] one whose flag may be given several
// times, [AddSecret] one that is never shown; [Redacted] keeps secrets out of
// what prints the config. Add returns a [Setting], which knows whether it was
// given and how to say that its value is wrong. [Validate] has the filled Config
// validated by its own package, and reports what that finds under the names of
// the settings. [Set.Check] runs what else depends on several settings, once they
// have been read. [AddOperand] declares an argument without a flag, and [Set.Rest]
// takes the command line of another program. A program with commands makes one
// Set for each, named after both, such as "example serve".
//
// What holds for all settings: a flag wins over the environment, the
// environment over the default. Where several variables mean the same, the
// first one that is set wins; one that is empty or blank counts as not set,
// while an empty flag overrides its variable. Secrets never come from a flag,
// because every user of the host can list the arguments of a process: they come
// from the environment, or from a file that a flag or a *_FILE variable names.
//
// Nothing is read before [Set.Read], and everything that is missing or
// malformed is reported in one [Error].
package settings
