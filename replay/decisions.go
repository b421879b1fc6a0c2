package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/exopool/exopool/autoscale"
)

// maxDecisions is how many bytes of decisions are read: a thousand with all that
// they can say.
const maxDecisions = 64 << 20

// ReadDecisions reads what /decisions of an autoscaler has answered, and returns
// those of a policy that decided by the load. An error says that it is something
// else, or that there are none.
func ReadDecisions(r io.Reader) ([]autoscale.Decision, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDecisions+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDecisions {
		return nil, fmt.Errorf("more than %d bytes", maxDecisions)
	}
	var all []autoscale.Decision
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("not the decisions of an autoscaler: %w", err)
	}
	seen := make([]autoscale.Decision, 0, len(all))
	for _, d := range all {
		if d.Seen != nil {
			seen = append(seen, d)
		}
	}
	if len(seen) == 0 {
		return nil, errors.New("in none of the decisions has a policy decided by the load")
	}
	return seen, nil
}

// Again returns what a policy wants in each of these turns, if it sees what was seen
// then and learns from it. The same policy wants the same again, if the first turn is
// the first that it saw: of earlier ones it knows nothing.
func Again(decisions []autoscale.Decision, policy autoscale.Policy) []autoscale.Wish {
	var memory autoscale.Memory
	wishes := make([]autoscale.Wish, 0, len(decisions))
	for _, d := range decisions {
		seen := *d.Seen
		if d.LoadError != "" {
			seen.LoadErr = errors.New(d.LoadError)
		}
		memory = policy.Learn(memory, seen)
		wishes = append(wishes, policy.Decide(memory, seen))
	}
	return wishes
}
