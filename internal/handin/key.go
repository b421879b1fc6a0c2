package handin

import (
	"errors"
	"regexp"
)

// keyPattern is the variable that says whether Terraform creates an API key for
// the monitoring machine, as far as its default.
var keyPattern = regexp.MustCompile(`(variable "restricted_key" \{[^{}]*\n  default +=) true\n`)

// withoutOwnKey makes the module create no API key by default: the course's
// checker applies it with a key for compute and object storage, which may create
// neither roles nor keys, and sets no other variable.
func withoutOwnKey(files tree) error {
	found := 0
	for name, content := range files {
		found += len(keyPattern.FindAll(content, -1))
		files[name] = keyPattern.ReplaceAll(content, []byte("$1 false\n"))
	}
	if found != 1 {
		return errors.New("there has to be one variable restricted_key, and its default has to be true")
	}
	return nil
}
