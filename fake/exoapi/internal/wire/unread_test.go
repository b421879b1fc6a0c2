package wire_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

func TestUnreadAreTheFieldsThatNobodyLookedAt(t *testing.T) {
	t.Parallel()
	f := wire.ParseFields([]byte(`{"name": "a", "nname": "b", "size": null, "template": {"id": "x", "name": "y"},
		"check": {"port": 1, "prot": 2}, "keys": [{"name": "k", "nam": 1}, {"nam": 2}], "labels": {"any": "thing"}}`))
	f.Require("name", "template") // asks only whether they are there
	assert.Contains(t, f.Unread(), "name")
	var text string
	f.Text("name", &text, 1, 9)
	f.Clears("size")
	f.Ref("template", &text)
	f.Labels(new(map[string]string))
	f.Text("absent", &text, 1, 9)
	port := 0
	f.Object("check").Integer("port", &port, 0, 9)
	list, _ := f.Objects("keys")
	for _, o := range list {
		o.Given("name")
	}
	assert.Equal(t, []string{"check.prot", "keys[].nam", "nname"}, f.Unread())
	assert.Empty(t, wire.ParseFields(nil).Unread())
}
