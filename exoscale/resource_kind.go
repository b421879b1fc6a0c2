package exoscale

import (
	"strings"

	"github.com/exopool/exopool/sweep"
)

// ResourceKind implements [sweep.KindOf] for the resource types of Terraform's
// provider exoscale/exoscale.
func ResourceKind(terraformType string) (kind sweep.Kind, ok bool) {
	name, ok := strings.CutPrefix(terraformType, "exoscale_")
	switch name {
	case "nlb":
		kind = sweep.LoadBalancer
	case "compute_instance":
		kind = sweep.Instance
	case "instance_pool":
		kind = sweep.InstancePool
	case "security_group":
		kind = sweep.SecurityGroup
	case "iam_api_key":
		kind = sweep.APIKey
	case "iam_role":
		kind = sweep.Role
	default: // SSH keys, too: they have no ids, only names
		kind = sweep.Other
	}
	return kind, ok
}
