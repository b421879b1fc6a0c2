package diagnosis

import (
	"regexp"
	"strings"
)

var (
	// missingTemplate is what Terraform prints about a template that is not
	// there. The provider filters a list by itself and does not say what is in it.
	missingTemplate = regexp.MustCompile(`not found\s+with data\.exoscale_template\.`)
	// removed is what it prints about a kind that the provider had for API v1.
	removed = regexp.MustCompile(`does not support (?:data source|resource type)\s+"(exoscale_\w+)"`)
)

// successors are the kinds that took the place of those that the provider removed
// in version 0.54.0.
var successors = strings.NewReplacer(
	"exoscale_compute_template", "exoscale_template", "exoscale_compute_ipaddress", "exoscale_elastic_ip",
	"exoscale_compute", "exoscale_compute_instance", "exoscale_ssh_keypair", "exoscale_ssh_key",
	"exoscale_affinity", "exoscale_anti_affinity_group", "exoscale_network", "exoscale_private_network",
	"exoscale_ipaddress", "exoscale_elastic_ip", "exoscale_security_group_rules", "exoscale_security_group_rule",
)

// Apply returns what to do about a failed apply, given what Terraform printed and
// the names of the templates that there are.
func Apply(output string, templates []string) (hints []string) {
	if missingTemplate.MatchString(output) {
		hints = append(hints, "name one of the templates that there are: "+strings.Join(templates, ", "),
			`-template "NAME=debian-13" adds one of another name`)
	}
	seen := map[string]bool{}
	for _, match := range removed.FindAllStringSubmatch(output, -1) {
		kind := match[1]
		if successor := successors.Replace(kind); successor != kind && !seen[kind] {
			seen[kind] = true
			hints = append(hints, "use "+successor+": version 0.54.0 of the provider removed "+kind)
		}
	}
	return hints
}
