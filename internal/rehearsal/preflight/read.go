package preflight

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A Setup is what a configuration asks machines to do.
type Setup struct {
	// Logins are the resources that are made, or may be, and log in to a machine.
	Logins []Login
	// UserData are the addresses of resources with user-data.
	UserData []string
}

// A Login is a resource that logs in to a machine by SSH.
type Login struct {
	Address string   // of the resource, such as module.web.null_resource.setup
	Means   []string // what logs in: remote-exec, file, "ssh in local-exec", or a type of resource
	At      string   // file and line, relative to the folder that was read
	// Maybe says that it cannot be known here whether the resource is made.
	Maybe bool
	// Variables of the folder decide whether it is made.
	Variables []string

	dir  string // of its module
	kind string // of the resource
	name string
	// kept is the source of the provisioners that log in nowhere.
	kept []string
}

// Removable reports whether the configuration can be applied without the login.
func (l Login) Removable() bool { return !isLoginType(l.kind) }

func (l Login) String() string {
	return fmt.Sprintf("%s (%s; %s)", l.Address, strings.Join(l.Means, ", "), l.At)
}

// Read reads a folder. Arguments and environ are those of Terraform, of which -var,
// -var-file and TF_VAR_NAME say what the variables are.
func Read(dir string, arguments, environ []string) (Setup, error) {
	s := &reader{root: dir, installed: installed(dir), read: map[string]folder{}}
	m := &module{dir: dir}
	m.scope.given = variablesOf(dir, arguments, environ)
	if err := s.walk(m); err != nil {
		return Setup{}, fmt.Errorf("read the configuration in %s: %w", dir, err)
	}
	slices.SortFunc(s.found.Logins, func(a, b Login) int { return cmp.Compare(a.Address, b.Address) })
	slices.Sort(s.found.UserData)
	s.found.UserData = slices.Compact(s.found.UserData)
	return s.found, nil
}

// A reader collects what modules need.
type reader struct {
	root      string
	installed map[string]string
	modules   int // calls that were followed
	read      map[string]folder
	found     Setup
}

var resourceSchema = &hcl.BodySchema{
	Attributes: append([]hcl.AttributeSchema{{Name: "user_data"}}, repeatSchema...),
	Blocks:     []hcl.BlockHeaderSchema{{Type: "provisioner", LabelNames: []string{"type"}}},
}

// resource looks at a resource.
func (s *reader) resource(m *module, b *hcl.Block) {
	content, _, _ := b.Body.PartialContent(resourceSchema)
	made := m.scope.made(content.Attributes)
	if made == never {
		return
	}
	l := Login{
		Address: m.address + b.Labels[0] + "." + b.Labels[1], At: s.place(b.DefRange), Maybe: made == maybe,
		dir: m.dir, kind: b.Labels[0], name: b.Labels[1],
	}
	if content.Attributes["user_data"] != nil {
		s.found.UserData = append(s.found.UserData, l.Address)
	}
	if isLoginType(l.kind) {
		l.Means = append(l.Means, l.kind)
	}
	for _, p := range content.Blocks {
		if means := m.meansOf(p); means != "" {
			l.Means = append(l.Means, means)
		} else {
			l.kept = append(l.kept, m.whole(p))
		}
	}
	if len(l.Means) == 0 {
		return
	}
	slices.Sort(l.Means)
	l.Means = slices.Compact(l.Means)
	l.Variables = append(slices.Clone(m.scope.decided), m.scope.roots(content.Attributes)...)
	slices.Sort(l.Variables)
	l.Variables = slices.Compact(l.Variables)
	s.found.Logins = append(s.found.Logins, l)
}

// place returns file and line.
func (s *reader) place(r hcl.Range) string {
	name, err := filepath.Rel(s.root, r.Filename)
	if err != nil {
		name = r.Filename
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(name), r.Start.Line)
}

// logsIn is a command that logs in to another machine.
var logsIn = regexp.MustCompile(`(?:^|[^\w./-]|/bin/)(ssh|scp|sftp|rsync|sshpass|ansible|ansible-playbook|ssh-keyscan)(?:[\s"'\\]|$)`)

// meansOf returns by which means a provisioner logs in to a machine; empty if it
// does not.
func (m *module) meansOf(p *hcl.Block) string {
	switch kind := p.Labels[0]; kind {
	case "remote-exec", "file", "chef", "habitat", "puppet", "salt-masterless":
		return kind
	case "local-exec":
		content, _, _ := p.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "command"}, {Name: "interpreter"}}})
		for _, a := range content.Attributes {
			text := m.text(a.Expr.Range())
			// What a variable or a local of the module says counts, too.
			if v := m.scope.value(a.Expr, maxDepth); v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
				text += "\n" + v.AsString()
			}
			if found := logsIn.FindStringSubmatch(text); found != nil {
				return found[1] + " in local-exec"
			}
		}
	}
	return ""
}

// whole returns the source of a block; empty if it is not in native syntax.
func (m *module) whole(b *hcl.Block) string {
	body, ok := b.Body.(*hclsyntax.Body)
	if !ok {
		return ""
	}
	return m.text(hcl.RangeBetween(b.DefRange, body.Range()))
}

// isLoginType reports whether resources of a type log in to a machine themselves.
func isLoginType(kind string) bool {
	for _, prefix := range []string{"ssh_", "sshcommand_", "remote_", "ansible_playbook"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}
