package userdata

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// A Machine is what the user-data is for.
type Machine struct {
	Name string
	// CheckPort is the port that a load balancer's health check asks; 0: none.
	CheckPort int
	// Open reports whether a rule opens a port for anybody. Nil means that
	// nothing is known.
	Open func(port int) bool
}

// Check returns what looks wrong with user-data, in the order in which it would be
// met. An empty one is right.
func Check(data []byte, m Machine) []acceptance.Advice {
	c := checker{machine: m}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	parts, err := split(data)
	if err != nil {
		c.add("can be read", err.Error(), "use the provider's cloudinit_config, or hand in a plain script")
		return c.advice
	}
	for _, p := range parts {
		c.part = p.name
		c.check(p.text)
	}
	return c.advice
}

// A checker collects advice.
type checker struct {
	machine Machine
	part    string // of a MIME message
	advice  []acceptance.Advice
}

// add says how the user-data should be, what was seen instead, and what to do.
func (c *checker) add(should, seen string, hints ...string) {
	of := "user-data of " + c.machine.Name
	if c.part != "" {
		of = c.part + " of the " + of
	}
	c.advice = append(c.advice, acceptance.Advice{Text: of + ": " + should, Seen: seen, Hints: hints})
}

func (c *checker) check(text string) {
	bare := strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
	known := strings.HasPrefix(bare, "#!") || strings.HasPrefix(bare, "#cloud-config") || strings.HasPrefix(bare, "## template:") ||
		strings.HasPrefix(bare, "#include") || strings.HasPrefix(bare, "#cloud-boothook")
	switch {
	case encodedTwice(text):
		c.add("is encoded once", "it is in base64", "leave base64encode() out: the provider encodes it")
		return
	case known && bare != text:
		c.add("begins with its first line", "there is an empty line, a space or a byte order mark before it",
			`write <<-EOF right before the first line, or use trimspace()`)
	case !known:
		c.add("is of a kind that cloud-init knows", fmt.Sprintf("it begins with %.30q", bare), "begin it with #!/bin/bash or #cloud-config")
		return
	}
	if first, rest, found := strings.Cut(text, "\n"); found && !strings.HasSuffix(first, "\r") && strings.Contains(rest, "\r\n") {
		c.add("has the line ends of Unix", "some lines end with CR LF, which commands take for a part of their last argument",
			`save the file with LF, or use replace(file("..."), "\r\n", "\n")`)
	}
	switch {
	case strings.HasPrefix(bare, "#cloud-config"):
		c.cloudConfig(bare)
	case strings.HasPrefix(bare, "#!"):
		c.script(bare)
	}
}

// quoted is how errors quote values, which may be secrets.
var quoted = regexp.MustCompile("`[^`]*`")

// misspelt are keys that cloud-init ignores, and what was meant.
var misspelt = map[string]string{
	"run_cmd": "runcmd", "runcmds": "runcmd", "run-cmd": "runcmd", "commands": "runcmd", "package": "packages",
	"write_file": "write_files", "writefiles": "write_files", "write-files": "write_files", "files": "write_files",
	"apt_update": "package_update", "update": "package_update", "package-update": "package_update",
}

func (c *checker) cloudConfig(text string) {
	var config map[string]any
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		c.add("is YAML", oneLine(quoted.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), "a text")),
			"indent with spaces, and let Terraform make it: yamlencode(), or indent() for what is filled in")
		return
	}
	for _, key := range sortedKeys(config) {
		if meant, ok := misspelt[key]; ok {
			c.add("has keys that cloud-init knows", "it has "+key, "write "+meant)
		}
	}
	for _, key := range []string{"bootcmd", "runcmd"} {
		commands, present := config[key]
		if !present {
			continue
		}
		list, ok := commands.([]any)
		if !ok {
			c.add(key+" is a list", fmt.Sprintf("it is a %T", commands), "begin each command with a dash")
			continue
		}
		script, wrong := shellified(list)
		if wrong != "" {
			c.add("each entry of "+key+" is a string or a list of strings", wrong, `put an entry with ": " or a leading special character in quotes`)
		}
		c.shell(key, script)
	}
}

// shellified is the script that cloud-init makes of a list of commands, one line
// each as far as they have one.
func shellified(list []any) (script, wrong string) {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	for number, entry := range list {
		switch entry := entry.(type) {
		case string:
			b.WriteString(entry + "\n")
		case []any:
			for _, word := range entry {
				b.WriteString("'" + strings.ReplaceAll(fmt.Sprint(word), "'", `'\''`) + "' ")
			}
			b.WriteString("\n")
		case nil:
		default:
			wrong = fmt.Sprintf("entry %d is a %s", number+1, kindOf(entry))
		}
	}
	return b.String(), wrong
}

func kindOf(entry any) string {
	switch entry.(type) {
	case map[string]any, map[any]any:
		return "map"
	case bool:
		return "boolean"
	}
	return "number"
}

var shellShebang = regexp.MustCompile(`^#!\s*(/usr)?/bin/(env\s+)?(ba|da)?sh\b`)

func (c *checker) script(text string) {
	if shellShebang.MatchString(text) {
		c.shell("the script", text)
	}
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 300)]
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
