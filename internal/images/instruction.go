package images

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var errForm = errors.New("it has another form than expected")

// apply carries out one instruction of an image's own stage.
func (r *Recipe) apply(i instruction, stages map[string]stage) error {
	if slices.Contains([]string{"USER", "STOPSIGNAL", "VOLUME", "ENV"}, i.name) && !plain(i.arguments) {
		return errForm
	}
	switch i.name {
	case "COPY":
		return r.applyCopy(i.arguments, stages)
	case "USER":
		r.Config.User = i.arguments
	case "STOPSIGNAL":
		r.Config.StopSignal = i.arguments
	case "VOLUME":
		set(&r.Config.Volumes, i.arguments)
	case "EXPOSE":
		if _, err := strconv.ParseUint(i.arguments, 10, 16); err != nil {
			return errForm
		}
		set(&r.Config.ExposedPorts, i.arguments+"/tcp")
	case "ENV":
		if name, _, ok := strings.Cut(i.arguments, "="); !ok || name == "" {
			return errForm
		}
		r.Config.Env = append(r.Config.Env, i.arguments)
	case "LABEL":
		name, text, _ := strings.Cut(i.arguments, "=")
		value, err := strconv.Unquote(text)
		if err != nil || strings.Contains(value, "$") {
			return errForm
		}
		if r.Config.Labels == nil {
			r.Config.Labels = map[string]string{}
		}
		r.Config.Labels[name] = value
	case "ENTRYPOINT":
		return words(i.arguments, &r.Config.Entrypoint)
	case "CMD":
		return words(i.arguments, &r.Config.Cmd)
	case "HEALTHCHECK":
		return r.applyHealthCheck(i.arguments)
	default:
		return errors.New("it cannot be carried out without an engine")
	}
	return nil
}

// plain reports whether an engine takes a text as it is: as one word, in which it
// replaces nothing.
func plain(text string) bool { return text != "" && !strings.ContainsAny(text, " \t\"'$\\[]") }

func set(into *map[string]struct{}, key string) {
	if *into == nil {
		*into = map[string]struct{}{}
	}
	(*into)[key] = struct{}{}
}

func words(text string, into *[]string) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}

// applyCopy adds files of another stage.
func (r *Recipe) applyCopy(arguments string, stages map[string]stage) error {
	var owner [2]int
	fields := strings.Fields(arguments)
	var from stage
	for len(fields) > 0 && strings.HasPrefix(fields[0], "--") {
		option, value, _ := strings.Cut(fields[0], "=")
		switch option {
		case "--from":
			from = stages[value]
		case "--chown":
			if _, err := fmt.Sscanf(value, "%d:%d", &owner[0], &owner[1]); err != nil {
				return errForm
			}
		default:
			return errForm
		}
		fields = fields[1:]
	}
	if len(fields) != 2 || from.name == "" {
		return errForm
	}
	return r.copies(from, owner, fields[0], fields[1])
}

// applyHealthCheck notes how an engine finds out whether a container works.
func (r *Recipe) applyHealthCheck(arguments string) error {
	options, command, ok := strings.Cut(arguments, "CMD ")
	check := &v1.HealthConfig{}
	for option := range strings.FieldsSeq(options) {
		name, value, _ := strings.Cut(option, "=")
		duration, err := time.ParseDuration(value)
		switch {
		case err != nil:
			return errForm
		case name == "--interval":
			check.Interval = duration
		case name == "--timeout":
			check.Timeout = duration
		case name == "--start-period":
			check.StartPeriod = duration
		default:
			return errForm
		}
	}
	var args []string
	if err := words(command, &args); err != nil || !ok {
		return errForm
	}
	check.Test = append([]string{"CMD"}, args...)
	r.Config.Healthcheck = check
	return nil
}
