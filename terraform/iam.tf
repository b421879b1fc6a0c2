# What the programs on the monitoring machine may do with the account: the calls
# that they make, on their own pool, and nothing else.

locals {
  key_maximum = coalesce(var.key_maximum, 2 * var.maximum)

  # Whether a call is about this pool, in the language of policies. The path of
  # the call decides, not its body, which the caller writes.
  about_this_pool = join(" || ", [
    "resources.instance_pool.id == '${exoscale_instance_pool.members.id}'",
    # Exoscale's examples show names of resources only, and parameters.
    "has(resources.instance_pool) && !has(resources.instance_pool.id) && resources.instance_pool.name == '${exoscale_instance_pool.members.name}'",
    "!has(resources.instance_pool) && parameters.id == '${exoscale_instance_pool.members.id}'",
  ])

  # The condition under which each operation of the API is allowed. A rule that
  # cannot be evaluated allows nothing, so a misunderstood rule refuses.
  allowed_operations = {
    "get-instance-pool"           = "(${local.about_this_pool})"
    "scale-instance-pool"         = "(${local.about_this_pool}) && parameters.size <= ${local.key_maximum}"
    "evict-instance-pool-members" = "(${local.about_this_pool})"
    # Rules see a call, not its answer: a list shows everything in the zone.
    "list-instances"      = "zone == '${var.zone}'"
    "list-load-balancers" = "zone == '${var.zone}'"
    # The public groups say where health checks come from, see docs/members.md.
    "list-security-groups" = "true"
    # Operations have random ids, and belong to no resource.
    "get-operation" = "true"
  }
  key_rules = [for operation, condition in local.allowed_operations : {
    action     = "allow"
    expression = var.pinned_key ? "operation == '${operation}' && ${condition}" : "operation == '${operation}'"
  }]

  machine_key    = var.restricted_key ? one(exoscale_iam_api_key.restricted_key[*].key) : var.exoscale_key
  machine_secret = var.restricted_key ? one(exoscale_iam_api_key.restricted_key[*].secret) : var.exoscale_secret
}

# Terraform quotes the next line if the API refuses.
resource "exoscale_iam_role" "restricted_key" { # Forbidden? This key may not create roles: set restricted_key = false. Not the expression? Set pinned_key = false.
  count = var.restricted_key ? 1 : 0

  name        = "${var.name}-autoscaler"
  description = "Lets the programs of ${var.name} read and resize their instance pool."
  editable    = true
  labels      = local.labels

  policy = {
    default_service_strategy = "deny"
    services = {
      compute = {
        type  = "rules"
        rules = local.key_rules
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.key_maximum >= var.maximum
      error_message = "The machine's own key must allow the maximum, ${var.maximum}: raise key_maximum, or leave it out."
    }

    precondition {
      condition     = !var.rolling_change || local.key_maximum > var.maximum
      error_message = "During a rolling change there is one member more than the maximum, ${var.maximum}: raise key_maximum, or leave it out."
    }
  }
}

resource "exoscale_iam_api_key" "restricted_key" { # Forbidden? This key may not create keys: set restricted_key = false.
  count = var.restricted_key ? 1 : 0

  name    = "${var.name}-autoscaler"
  role_id = one(exoscale_iam_role.restricted_key[*].id)
}
