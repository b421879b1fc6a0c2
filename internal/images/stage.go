package images

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// A stage is a part of a Dockerfile that begins with FROM.
type stage struct {
	from, name   string
	instructions []instruction

	programs []string               // that it builds, into /out
	dirs     map[string]fs.FileMode // that it makes
}

// An instruction is a line of a Dockerfile, with those that continue it.
type instruction struct {
	line      int
	name      string
	arguments string
}

var (
	buildPattern   = regexp.MustCompile(`^CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ \./cmd/([a-z-]+)$`)
	installPattern = regexp.MustCompile(`^install -d -m ([0-7]{4}) (/out/\S+)$`)
)

// parseStages splits a Dockerfile.
func parseStages(dockerfile string) (stages []stage, err error) {
	all, err := parseInstructions(dockerfile)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		fields := strings.Fields(i.arguments)
		if i.name == "FROM" {
			if len(fields) != 3 || fields[1] != "AS" {
				return nil, fmt.Errorf("line %d: a stage has no name", i.line)
			}
			stages = append(stages, stage{from: fields[0], name: fields[2], dirs: map[string]fs.FileMode{}})
			continue
		}
		if len(stages) == 0 {
			return nil, fmt.Errorf("line %d: %s comes before the first FROM", i.line, i.name)
		}
		current := &stages[len(stages)-1]
		current.instructions = append(current.instructions, i)
		if i.name == "RUN" {
			if err := current.run(i.arguments); err != nil {
				return nil, fmt.Errorf("stage %s: line %d: %w", current.name, i.line, err)
			}
		}
	}
	return stages, nil
}

// run notes what a command makes.
func (s *stage) run(command string) error {
	if found := buildPattern.FindStringSubmatch(command); found != nil {
		s.programs = append(s.programs, found[1])
		return nil
	}
	found := installPattern.FindStringSubmatch(command)
	if found == nil {
		return errors.New("only go build, as everywhere in the file, and install -d can be carried out without an engine")
	}
	bits, err := strconv.ParseUint(found[1], 8, 32)
	if err != nil {
		return err
	}
	mode := fs.FileMode(bits & 0o777)
	if bits&0o1000 != 0 {
		mode |= fs.ModeSticky
	}
	if path.Clean(found[2]) != strings.TrimSuffix(found[2], "/") {
		return fmt.Errorf("%s is not the shortest way to write it", found[2])
	}
	s.dirs[found[2]] = mode
	return nil
}

// parseInstructions returns the instructions, without comments.
func parseInstructions(dockerfile string) (all []instruction, err error) {
	var text strings.Builder
	begin, number := 0, 0
	for line := range strings.Lines(dockerfile) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if text.Len() == 0 {
			begin = number
		}
		part, continued := strings.CutSuffix(line, `\`)
		text.WriteString(part)
		if continued {
			continue
		}
		name, arguments, _ := strings.Cut(text.String(), " ")
		all = append(all, instruction{begin, name, strings.TrimSpace(arguments)})
		text.Reset()
	}
	if text.Len() > 0 {
		return nil, fmt.Errorf("line %d: it is continued, and there is no more", begin)
	}
	return all, nil
}
