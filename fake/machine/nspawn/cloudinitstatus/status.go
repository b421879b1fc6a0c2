package cloudinitstatus

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A stage is one of the four runs of cloud-init during a boot.
type stage struct {
	Errors      []string            `json:"errors"`
	Recoverable map[string][]string `json:"recoverable_errors"` // by level
}

// parseStatus reads status.json, version 1.
func parseStatus(text []byte) (messages, warnings []string, err error) {
	var status struct {
		V1 map[string]json.RawMessage `json:"v1"`
	}
	if err := json.Unmarshal(text, &status); err != nil {
		return nil, nil, fmt.Errorf("status of cloud-init: %w", err)
	}
	if status.V1 == nil {
		return nil, nil, errors.New("status of cloud-init: not of version 1")
	}
	for _, name := range []string{"init-local", "init", "modules-config", "modules-final"} {
		var s stage
		if raw, ok := status.V1[name]; !ok || json.Unmarshal(raw, &s) != nil {
			continue // A boot that was cut short has fewer stages.
		}
		messages = appendNew(messages, s.Errors...)
		for _, level := range []string{"CRITICAL", "ERROR", "WARNING", "DEPRECATED"} {
			for _, message := range s.Recoverable[level] {
				if level != "DEPRECATED" && spoilsUserData(message) {
					messages = appendNew(messages, message)
				} else {
					warnings = appendNew(warnings, message)
				}
			}
		}
	}
	return messages, warnings, nil
}

// interrupted reports whether cloud-init was ended by a signal, as when the machine
// shuts down, and met no other error.
func interrupted(messages []string) bool {
	for _, message := range messages {
		if message != "sys.exit(1) called" {
			return false
		}
	}
	return len(messages) > 0
}

// spoilsUserData recognises warnings after which cloud-init goes on without the
// user-data, or a part of it.
func spoilsUserData(message string) bool {
	for _, words := range []string{
		"Failed loading yaml blob", "Failed at merging in cloud config", "Unhandled non-multipart",
		"Unhandled unknown content-type", "Calling handler",
	} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// appendNew leaves out what is known: stages repeat each other.
func appendNew(list []string, more ...string) []string {
	for _, text := range more {
		text = strings.Join(strings.Fields(plain(unquote(text))), " ")
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// tuple is an error as Python writes it: ('module', Error('message')).
var tuple = regexp.MustCompile(`(?s)^\('([\w-]+)', \w+\((.*)\)\)$`)

func plain(message string) string {
	found := tuple.FindStringSubmatch(message)
	if found == nil {
		return message
	}
	text := found[2]
	if n := len(text); n > 1 && text[0] == text[n-1] && strings.ContainsRune(`'"`, rune(text[0])) {
		text = text[1 : n-1]
	}
	// Version 26.1 writes the names of modules as Python does, 25.1 did not.
	return strings.ReplaceAll(found[1], "_", "-") + ": " + text
}

// Messages quote user-data, which may hold secrets: the parser of YAML prints a
// line and points at it, and data of an unknown kind is shown from its beginning.
var (
	yamlQuote = regexp.MustCompile(`(line \d+, column \d+):\n[^\n]*\n[ ]*\^`)
	dataQuote = regexp.MustCompile(`(?s)(userdata): 'b.*`)
)

func unquote(message string) string {
	message = yamlQuote.ReplaceAllString(message, "$1")
	return dataQuote.ReplaceAllString(message, "$1: it begins neither with #cloud-config nor with #!")
}
