package driverapi

// An Observer is a driver whose machines do things by themselves: they shut
// down, crash, or cannot do what their user-data says. The emulator asks it
// once a second.
type Observer interface {
	// Condition returns how a machine is doing: the zero value for one that it
	// does not know or that is as wanted.
	Condition(id string) Condition
}

// A Condition is what a driver found out about a machine. Its zero value means
// that all is well.
type Condition struct {
	// Off reports that the machine is off although no call stopped it. The
	// instance is then "stopped".
	Off bool
	// Err is what is wrong with the machine. The instance is then in the
	// state "error"; it stays there until it is stopped, rebooted, reset or
	// destroyed.
	Err error
}
