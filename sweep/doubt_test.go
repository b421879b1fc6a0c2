package sweep_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

// resources is a state of things, each a line of type, id, name and zone.
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
		{"an empty file", "", "it lists nothing of Exoscale"},
		{"an empty state", `{"version":4,"resources":[]}`, "it lists nothing of Exoscale"},
		{"a state without resources", `{"version":4}`, "terraform state pull"},
		{"of data sources only", `{"version":4,"resources":[{"mode":"data","type":"exoscale_template","instances":[{"attributes":{"id":"t"}}]}]}`, "nothing of Exoscale"},
		{"of another provider", `{"version":4,"resources":[{"type":"aws_instance","instances":[{"attributes":{"id":"pool"}}]}]}`, "nothing of Exoscale"},
		{"of another account", resources("instance_pool elsewhere exopool-members"), "none of the 1 things"},
		{"of another installation in this account", resources("instance_pool other-pool others", "nlb x y"), "it lists instance pool others and nothing that bears a name of the installation exopool"},
		{"of an earlier installation of the same name", resources("ssh_key exopool-deploy exopool-deploy", "instance_pool old exopool-members"), "none of the 2 things"},
		{"of before the pool was made anew", resources("security_group group exopool-members", "instance_pool old exopool-members"), "it lists instance pool exopool-members under an id that is gone"},
		{"of another zone", resources("security_group group exopool-members", "instance_pool x exopool-members de-fra-1"), "it is of zone de-fra-1, and this is at-vie-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var known sweep.Known
			require.NoError(t, known.ReadState(strings.NewReader(test.state)))
			s := &sweep.Sweeper{Account: installation(), Name: "exopool", Known: known, Zone: "at-vie-1"}
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
		{"one thing that is there", resources("security_group group exopool-members")},
		{"a part of one", resources("security_group_rule rule")},
		{"with a thing deleted by hand", resources("security_group group exopool-members", "nlb gone exopool-other")},
		{"of the same zone", resources("instance_pool pool exopool-members at-vie-1")},
		{"of two zones", resources("instance_pool pool exopool-members at-vie-1", "instance_pool x exopool-elsewhere de-fra-1")},
		{"with a group and a pool of one name", resources("security_group group exopool-members", "security_group gone exopool-unknown")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var known sweep.Known
			require.NoError(t, known.ReadState(strings.NewReader(test.state)))
			left, err := (&sweep.Sweeper{Account: installation(), Name: "exopool", Known: known, Zone: "at-vie-1"}).Find(t.Context())
			require.NoError(t, err)
			assert.NotEmpty(t, left)
		})
	}
}

func TestWhereNothingIsLeftNothingIsDoubted(t *testing.T) {
	var known sweep.Known
	require.NoError(t, known.ReadState(strings.NewReader("")))
	left, err := (&sweep.Sweeper{Account: &account{}, Name: "exopool", Known: known}).Find(t.Context())
	require.NoError(t, err, "as after a destroy")
	assert.Empty(t, left)
}

func TestStatesOfOneLineageAreInOrder(t *testing.T) {
	read := func(text string) *sweep.Known {
		known := new(sweep.Known)
		require.NoError(t, known.ReadState(strings.NewReader(text)))
		return known
	}
	old, young := read(`{"version":4,"lineage":"a","serial":5}`), read(`{"version":4,"lineage":"a","serial":6}`)
	assert.True(t, old.Precedes(young))
	assert.False(t, young.Precedes(old))
	assert.False(t, old.Precedes(old))
	assert.False(t, old.Precedes(read(`{"version":4,"lineage":"b","serial":6}`)), "another one")
	assert.False(t, read(`{"version":4}`).Precedes(read(`{"version":4,"serial":1}`)), "nobody knows")
	assert.False(t, old.Precedes(new(sweep.Known)))
}
