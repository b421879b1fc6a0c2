package diagnosis_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
)

func TestFailedApplies(t *testing.T) {
	t.Parallel()
	// As Terraform 1.14 prints it, with the provider 0.69.3.
	const missing = `terraform apply: exit status 1
Error: resource not found

  with data.exoscale_template.ubuntu,
  on main.tf line 14, in data "exoscale_template" "ubuntu":
  14: data "exoscale_template" "ubuntu" {
`
	const removed = `Error: Invalid data source

  on main.tf line 14, in data "exoscale_compute_template" "ubuntu":
  14: data "exoscale_compute_template" "ubuntu" {

The provider exoscale/exoscale does not support data source
"exoscale_compute_template".

The provider exoscale/exoscale does not support resource type
"exoscale_compute".

The provider exoscale/exoscale does not support resource type
"exoscale_compute".

The provider exoscale/exoscale does not support resource type
"exoscale_misspelt".
`
	for name, c := range map[string]struct {
		output string
		want   []string
	}{
		"a template": {missing, []string{"name one of the templates that there are: a, b", `-template "NAME=debian-13" adds one of another name`}},
		"API v1": {removed, []string{
			"use exoscale_template: version 0.54.0 of the provider removed exoscale_compute_template",
			"use exoscale_compute_instance: version 0.54.0 of the provider removed exoscale_compute",
		}},
		"another resource": {"Error: resource not found\n\n  with data.exoscale_security_group.x,\n", nil},
		"nothing known":    {"terraform apply: exit status 1", nil},
	} {
		assert.Equal(t, c.want, diagnosis.Apply(c.output, []string{"a", "b"}), name)
	}
}
