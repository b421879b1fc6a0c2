# What the programs on the monitoring machine may do with the account: what
# they call, and nothing else. Names are those of the API's operations.

locals {
  allowed_operations = [
    "evict-instance-pool-members",
    "get-instance-pool",
    "get-load-balancer",
    "get-operation",
    "list-instances",
    "list-load-balancers",
    "scale-instance-pool",
  ]
  machine_key    = var.restricted_key ? one(exoscale_iam_api_key.restricted_key[*].key) : var.exoscale_key
  machine_secret = var.restricted_key ? one(exoscale_iam_api_key.restricted_key[*].secret) : var.exoscale_secret
}

# Terraform quotes the next line when the API refuses.
resource "exoscale_iam_role" "restricted_key" { # Forbidden? This key may not create roles: set restricted_key = false.
  count = var.restricted_key ? 1 : 0

  name        = "${var.name}-autoscaler"
  description = "Lets the programs of ${var.name} read and resize instance pools."
  editable    = true
  labels      = local.labels

  policy = {
    default_service_strategy = "deny"
    services = {
      compute = {
        type = "rules"
        rules = [{
          action     = "allow"
          expression = "operation in [${join(", ", formatlist("'%s'", local.allowed_operations))}]"
        }]
      }
    }
  }
}

resource "exoscale_iam_api_key" "restricted_key" { # Forbidden? This key may not create keys: set restricted_key = false.
  count = var.restricted_key ? 1 : 0

  name    = "${var.name}-autoscaler"
  role_id = one(exoscale_iam_role.restricted_key[*].id)
}
