package cloudinitstatus

// ParseStatus is the decoder of status.json, for its fuzz test.
var ParseStatus = parseStatus

// Output reads what commands wrote, for its fuzz test.
func Output(output, script string) (why string, lines, complaints []string) {
	said := commands(output)
	return explain("part-001", script, output, said).String(), said.tail(), said.complaints()
}
