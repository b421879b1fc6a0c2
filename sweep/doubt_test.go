package sweep_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

// resources is a state of resources, each a line of type, id, name and zone.
func resources(lines ...string) string {
	var all []string
	for _, line := range lines {
		word := strings.Fields(line + " - -")
		all = append(all, `{"mode":"managed","type":"exoscale_`+word[0]+`","instances":[{"attributes":{"id":"`+
			word[1]+`","name":"`+word[2]+`","zone":"`+strings.Trim(word[3], "-")+`"}}]}`)
	}
	return `{"version":4,"lineage":"l","serial":5,"resources":[` + strings.Join(all, ",") + `]}`
}

func TestStatesThatAreNotThatOfTheInstallationAreDoubted(t *testing.T) {
	tests := []struct{ name, state, why string }{
		{"an empty file", "", "it lists no resource of this cloud"},
		{"an empty state", `{"version":4,"resources":[]}`, "it lists no resource of this cloud"},
		{"a state without resources", `{"version":4}`, "terraform state pull"},
		{"of data sources only", `{"version":4,"resources":[{"mode":"data","type":"exoscale_template","instances":[{"attributes":{"id":"t"}}]}]}`, "no resource of this cloud"},
		{"of another provider", `{"version":4,"resources":[{"type":"aws_instance","instances":[{"attributes":{"id":"pool"}}]}]}`, "no resource of this cloud"},
		{"of another account", resources("instance_pool elsewhere exopool-members"), "none of the 1 resources"},
		{"of another installation in this account", resources("instance_pool other-pool others", "nlb x y"), "it lists instance pool others, but nothing with a name of the installation exopool"},
		{"of an earlier installation of the same name", resources("ssh_key exopool-deploy exopool-deploy", "instance_pool old exopool-members"), "none of the 2 resources"},
		{"of before the pool was replaced", resources("security_group group exopool-members", "instance_pool old exopool-members"), "it lists instance pool exopool-members with an id that no longer exists"},
		{"of another zone", resources("security_group group exopool-members", "instance_pool x exopool-members de-fra-1"), "it is of zone de-fra-1, and this is at-vie-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var known sweep.State
			require.NoError(t, known.Read(strings.NewReader(test.state), kindOf))
			s := &sweep.Sweeper{Account: installation(), Name: "exopool", State: known, Zone: "at-vie-1"}
			left, err := s.Find(t.Context())
			require.ErrorIs(t, err, sweep.ErrForeignState)
			require.ErrorContains(t, err, test.why)
			assert.NotEmpty(t, left, "it is listed nevertheless")
			require.NoError(t, s.Remove(t.Context(), left), "and deleted if that is meant")
		})
	}
}

func TestStatesOfTheInstallationAreNotDoubted(t *testing.T) {
	tests := []struct{ name, state string }{
		{"one resource that is there", resources("security_group group exopool-members")},
		{"a part of one", resources("security_group_rule rule")},
		{"with a resource deleted by hand", resources("security_group group exopool-members", "nlb gone exopool-other")},
		{"of the same zone", resources("instance_pool pool exopool-members at-vie-1")},
		{"of two zones", resources("instance_pool pool exopool-members at-vie-1", "instance_pool x exopool-elsewhere de-fra-1")},
		{"with a group and a pool of one name", resources("security_group group exopool-members", "security_group gone exopool-unknown")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var known sweep.State
			require.NoError(t, known.Read(strings.NewReader(test.state), kindOf))
			left, err := (&sweep.Sweeper{Account: installation(), Name: "exopool", State: known, Zone: "at-vie-1"}).Find(t.Context())
			require.NoError(t, err)
			assert.NotEmpty(t, left)
		})
	}
}

func TestWhereNothingIsLeftNothingIsDoubted(t *testing.T) {
	var known sweep.State
	require.NoError(t, known.Read(strings.NewReader(""), kindOf))
	left, err := (&sweep.Sweeper{Account: &account{}, Name: "exopool", State: known}).Find(t.Context())
	require.NoError(t, err, "as after a destroy")
	assert.Empty(t, left)
}

func TestStatesOfOneLineageAreInOrder(t *testing.T) {
	read := func(text string) *sweep.State {
		known := new(sweep.State)
		require.NoError(t, known.Read(strings.NewReader(text), kindOf))
		return known
	}
	old, young := read(`{"version":4,"lineage":"a","serial":5}`), read(`{"version":4,"lineage":"a","serial":6}`)
	assert.True(t, old.Precedes(young))
	assert.False(t, young.Precedes(old))
	assert.False(t, old.Precedes(old))
	assert.False(t, old.Precedes(read(`{"version":4,"lineage":"b","serial":6}`)), "another one")
	assert.False(t, read(`{"version":4}`).Precedes(read(`{"version":4,"serial":1}`)), "no lineage")
	assert.False(t, old.Precedes(new(sweep.State)))
}
