package infra

// An Observer is a driver whose machines do things by themselves: they shut
// down, crash, or cannot do what their user-data says. The world asks it once
// a second.
type Observer interface {
	// Condition tells how a machine is doing. Of a machine that it does not
	// know, or that is as wanted, it has nothing to say.
	Condition(id string) Condition
}

// A Condition is what a driver found out about a machine. Its zero value means
// that all is well.
type Condition struct {
	// Off tells that the machine is off although nobody stopped it. The
	// instance is then "stopped".
	Off bool
	// Err tells what is wrong with the machine. The instance is then in the
	// state "error"; it stays there until it is stopped, rebooted, reset or
	// destroyed.
	Err error
}
