package cloudinitstatus

import (
	"regexp"
	"slices"
	"strings"
)

const (
	tailLines     = 15
	mostComplains = 5
	// lookBack is how many lines before the end may hold the reason of a
	// failure.
	lookBack = 40
)

// keygen is what cloud-init lets ssh-keygen say about each host key, a drawing
// included.
var keygen = regexp.MustCompile(`(?s)Generating public/private [^\n]*\n.*?\n\+----\[SHA256\]-----\+\n`)

var (
	// finalStage is the line after which scripts and packages have the word.
	finalStage = regexp.MustCompile(`(?m)^Cloud-init v\. \S+ running 'modules:final' [^\n]*\n`)
	// ownWords are those of cloud-init between what commands write.
	ownWords = regexp.MustCompile(`^(ci-info: |Cloud-init v\. |<\d+>|\d{4}-\d\d-\d\d [\d:,]+ - [\w.]+\[)|^-----(BEGIN|END) SSH HOST KEY|^no authorized SSH keys fingerprints`)
	// chatter is what programs say in all cases, or after they said why they
	// failed.
	chatter = regexp.MustCompile(`^(WARNING: apt does not have a stable CLI|debconf: |dpkg-preconfigure: unable to re-open|invoke-rc\.d: |` +
		`See '|Run '|Try '|See "|Usage: |More details here: |curl failed to verify|establish a secure connection|how to fix it, please|` +
		`To learn more about this situation|(E|Error): Couldn't find any package by|` +
		`Traceback \(|Get:\d|Hit:\d|Ign:\d|Fetched |Reading |Building dependency|\(Reading database|Selecting |Preparing |Unpacking |` +
		`Setting up |Processing triggers|Created symlink|\d+ upgraded, |\+ |\+\+ )|^\s|for more (details|information)\.?$`)
	// complaint is a line by which programs say that something went wrong.
	complaint = regexp.MustCompile(`(?i)^(E|Err|error|fatal|panic)\b.*:|\b\w+(Error|Exception)\b|\b(errors?|fatal|fail(ed|ure|s)?|cannot|can't|could not|` +
		`couldn't|unable to|denied|refused|not found|no such|not exist|does not exist|invalid|unknown|unrecognized|unexpected|timed out|timeout|` +
		`already in use|address in use|exception|killed|unauthorized|forbidden|toomanyrequests|no space|illegal|unbound variable|not a valid|bad)\b`)
	// harmless looks like a complaint and is none.
	harmless = regexp.MustCompile(`(?i)\b(0|no|without|zero) (errors?|failures?|failed)\b|^(Get|Hit|Ign|Setting up|Unpacking|Selecting|Preparing)\b|^Unable to find image .* locally$|^W: |^Pulling image `)
)

// shellError is how the shells of Debian begin a message about a script of the
// user-data: dash writes "script: 3: ...", bash "script: line 3: ...".
var shellError = regexp.MustCompile(`^/var/lib/cloud/instances?/(?:[\w-]+/)?scripts/([\w.-]+): (?:line )?(\d+): (.*)$`)

// progress is what package managers say while all goes well.
var progress = regexp.MustCompile(`^(Get:\d|Hit:\d|Ign:\d|Fetched |Reading |Building dependency|\(Reading database|Selecting previously|Preparing to unpack|` +
	`Unpacking |Setting up |Processing triggers|Created symlink|\d+ upgraded, )`)

var (
	// packageStart ends what is said of a service that a package could not start
	// while it was installed. That is no error of the installation, which goes on,
	// and services often start later: those that did not are seen as such.
	packageStart = regexp.MustCompile(`^Could not execute systemctl: .*/deb-systemd-invoke line \d+`)
	// beforePackageStart is what systemctl says before, in one or two lines.
	beforePackageStart = regexp.MustCompile(`^(Job for \S+ |See "|Failed to \w+ \S+: |A dependency job for )`)
)

// said is what the commands of a boot wrote, line by line.
type said []string

// commands returns what commands wrote, without cloud-init's own words.
func commands(output string) said {
	output = keygen.ReplaceAllString(output, "")
	if all := finalStage.FindAllStringIndex(output, -1); all != nil {
		output = output[all[len(all)-1][1]:]
	}
	var lines said
	for line := range strings.Lines(output) {
		if line = Clean(line); line != "" && !ownWords.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// tail returns the last lines, without those of package managers that say that all
// goes well.
func (s said) tail() []string {
	lines := slices.DeleteFunc(slices.Clone(s), progress.MatchString)
	return lines[max(0, len(lines)-tailLines):]
}

// reason returns the line that most probably says why the last command failed:
// the last complaint, or else simply the last line.
func (s said) reason() string {
	s = s.withoutPackageStarts()
	last := ""
	for i := len(s) - 1; i >= max(0, len(s)-lookBack); i-- {
		line := s[i]
		switch {
		case chatter.MatchString(line):
		case isComplaint(line):
			return line
		case last == "":
			last = line
		}
	}
	return last
}

// complaints returns the first lines that say what went wrong, in short.
func (s said) complaints() []string {
	var found []string
	for _, line := range s.withoutPackageStarts() {
		if !isComplaint(line) || chatter.MatchString(line) {
			continue
		}
		if parts := shellError.FindStringSubmatch(line); parts != nil {
			line = "line " + parts[2] + ": " + parts[3]
		}
		if found = append(found, line); len(found) == mostComplains {
			break
		}
	}
	return found
}

// withoutPackageStarts leaves out services that packages could not start.
func (s said) withoutPackageStarts() (rest said) {
	for _, line := range s {
		if !packageStart.MatchString(line) {
			rest = append(rest, line)
			continue
		}
		for n := len(rest); n > 0 && beforePackageStart.MatchString(rest[n-1]); n-- {
			rest = rest[:n-1]
		}
	}
	return rest
}

func isComplaint(line string) bool {
	return shellError.MatchString(line) || complaint.MatchString(line) && !harmless.MatchString(line)
}
