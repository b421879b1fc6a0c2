resource "exoscale_iam_role" "minimal" {
  name = "minimal"
}

# The provider sends an expression as it is, and the original only parses it.
resource "exoscale_iam_role" "full" {
  name        = "full"
  description = local.changed ? "changed" : "with all arguments"
  editable    = true
  labels      = { stage = var.stage }
  permissions = ["bypass-governance-retention"]

  policy = {
    default_service_strategy = local.changed ? "allow" : "deny"
    services = {
      compute = {
        type = "rules"
        rules = [
          { action = "deny", expression = "operation == 'delete-instance'" },
          { action = "allow", expression = local.changed ? "test" : "true" },
        ]
      }
      sos = { type = "allow" }
    }
  }
}

resource "exoscale_iam_api_key" "this" {
  name    = "key"
  role_id = exoscale_iam_role.full.id
}

resource "exoscale_iam_org_policy" "this" {
  default_service_strategy = "allow"
  services = {
    dbaas = {
      type  = "rules"
      rules = [{ action = local.changed ? "deny" : "allow", expression = "operation.startsWith('list')" }]
    }
  }
}
