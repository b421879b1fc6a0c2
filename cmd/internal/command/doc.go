// Package command is the command line of a program: its commands, their help,
// completion and manual pages. What the commands are told is declared with
// package settings:
//
//	func program(getenv func(string) string, out io.Writer) *command.Command {
//		set, cfg := declare(getenv)
//		return &command.Command{
//			Set:      set,
//			Run:      func(ctx context.Context) error { return work(ctx, *cfg, out) },
//			Commands: []*command.Command{why(getenv, out)},
//		}
//	}
//
// A main hands its arguments to [Command.Execute], which returns the exit code.
// Every program also gets the commands version, help and completion, the flags
// -h and -version, and the hidden command man, which writes its manual pages.
//
// Flags have one dash, -name, as in Go's own programs and in Terraform; two mean
// the same. Below is cobra, which knows two dashes only: [Command.Execute] adds
// the second one before cobra sees it, and takes it away from what is completed.
package command
