package preflight

import (
	"fmt"
	"slices"
	"strings"
)

// Without returns, by the folder of each module, the text of a file that makes
// Terraform apply it without the logins, if it is read after all others. Other
// provisioners of the same resources stay. Logins that are not [Login.Removable]
// stay, too.
func (s Setup) Without() map[string]string {
	texts := map[string]string{}
	var done []string
	for _, l := range s.Logins {
		id := l.dir + "\x00" + l.kind + "." + l.name
		if !l.Removable() || slices.Contains(done, id) {
			continue
		}
		done = append(done, id)
		kept := slices.DeleteFunc(slices.Clone(l.kept), func(text string) bool { return text == "" })
		if len(kept) == 0 {
			// Without any provisioner, those of the resource would count.
			kept = []string{"provisioner \"local-exec\" {\n    command = \"exit 0\"\n  }"}
		}
		texts[l.dir] += fmt.Sprintf("resource %q %q {\n  %s\n}\n", l.kind, l.name, strings.Join(kept, "\n  "))
	}
	return texts
}
