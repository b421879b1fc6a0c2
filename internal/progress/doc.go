// Package progress says what a program waits for, how long so far, and for how
// long at most: in place on a terminal, else in a line now and then.
//
//	screen := progress.New(os.Stderr, "fakecloud: ")
//	wait := screen.Start("compiling the provider", 10*time.Minute)
//	defer wait.End()
//	wait.See("3 of 7 packages")
//
//	fakecloud: … compiling the provider, 12s of at most 10m0s: 3 of 7 packages
//
// Nothing is said of what takes less than two seconds. What else goes to the same
// terminal is written by [Screen.Writer], so that it does not end up in the line.
package progress
