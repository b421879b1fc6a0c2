package cloudinitstatus

// ParseStatus is the decoder of status.json, for its fuzz test.
var ParseStatus = parseStatus

// Output reads what commands wrote, for its fuzz test.
func Output(output string) (where string, lines []string) { return lastErrorLine(output), tail(output) }
