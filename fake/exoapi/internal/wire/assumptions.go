package wire

import "errors"

// An Assumption is something that is not documented of the original and was
// decided here, in words of the list "What is assumed" in the emulator's README.
type Assumption string

// The assumptions that answers tell of: those whose being wrong would change what
// a client sees most.
const (
	AssumesNullRefused     Assumption = "Null is refused, 400, in fields that the official document does not call nullable"
	AssumesBusyPool        Assumption = "A pool that is not `running` refuses `:scale` and `:evict` with 409"
	AssumesMinAvailable    Assumption = "`min-available` is a lower bound for scaling and evicting: 400"
	AssumesUsedUp          Assumption = "A quota or address range that is used up: 403"
	AssumesGroupFull       Assumption = "the call is accepted, and its operation fails with the reason `unavailable` and changes nothing"
	AssumesOldestFirst     Assumption = "Scaling in takes the oldest members, and skips protected ones"
	AssumesServiceUnique   Assumption = "Two services of a load balancer share neither name nor port"
	AssumesInUse           Assumption = "Groups, private networks and elastic IPs in use cannot be deleted: 409"
	AssumesAttachedAlready Assumption = "Attaching what is attached and detaching what is not succeeds and changes nothing"
	AssumesPolicyDecides   Assumption = "All other keys need the consent of the organization's policy and of their role's"
)

// Assuming returns a refusal that tells which assumption it rests on.
func Assuming(a Assumption, err error) error {
	refusal := new(Error)
	if !errors.As(err, &refusal) {
		return err
	}
	assuming := *refusal
	assuming.Assumption = a
	return &assuming
}
