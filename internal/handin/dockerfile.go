package handin

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A stage is a paragraph of a Dockerfile that begins with FROM, but for comments.
type stage struct {
	name, text string
	needs      []string // what it starts from, and copies files from
}

var (
	fromPattern   = regexp.MustCompile(`(?m)^FROM (\S+) AS (\S+)$`)
	copyPattern   = regexp.MustCompile(`(?m)^COPY --from=(\S+) `)
	digestPattern = regexp.MustCompile(`(?m)^(FROM \S+)@sha256:[0-9a-f]{64} `)
)

// dockerfileHeader says what the rest of the folder is.
const dockerfileHeader = `# Builds one program from its source, which is beside this file, in ` + programArchive + `:
#
#   docker build .

`

// dockerfile returns the stages of a Dockerfile that its stage target needs, and
// builds them from an archive instead of a folder with all the source: some
// senders of a build's context forget in which folder a file is.
//
// Images are named by their tags alone, so that one can be replaced, such as
// where no registry can be reached.
func dockerfile(all, target string) ([]byte, error) {
	var found []stage
	for paragraph := range strings.SplitSeq(all, "\n\n") {
		from := fromPattern.FindStringSubmatch(paragraph)
		if from == nil {
			continue
		}
		s := stage{name: from[2], text: strings.TrimSpace(paragraph), needs: []string{from[1]}}
		for _, other := range copyPattern.FindAllStringSubmatch(paragraph, -1) {
			s.needs = append(s.needs, other[1])
		}
		found = append(found, s)
	}
	// A stage needs earlier ones only.
	needed, texts := map[string]bool{target: true}, []string{}
	for _, s := range slices.Backward(found) {
		if needed[s.name] {
			texts = append(texts, s.text)
			for _, name := range s.needs {
				needed[name] = true
			}
		}
	}
	slices.Reverse(texts)
	text := strings.Join(texts, "\n\n")
	const wholeFolder = "\nCOPY . ."
	if len(texts) == 0 || strings.Count(text, wholeFolder) != 1 {
		return nil, fmt.Errorf("make a Dockerfile for %s: that of the repository has to have a stage of this name, and one line %q on the way to it",
			target, strings.TrimSpace(wholeFolder))
	}
	text = strings.Replace(text, wholeFolder, "\nADD "+programArchive+" .", 1)
	return []byte(dockerfileHeader + digestPattern.ReplaceAllString(text, "$1 ") + "\n"), nil
}
