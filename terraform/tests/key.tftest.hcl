# What the monitoring machine's own key may do. The mocked cloud creates the
# pool, because the role names it; ../test/rights_test.go runs this file too,
# and tries the rules on calls.

mock_provider "exoscale" {
  mock_data "exoscale_template" {
    defaults = { default_user = "debian" }
  }
  mock_resource "exoscale_instance_pool" {
    defaults = { id = "22222222-2222-4222-8222-222222222222" }
  }
}

mock_provider "tls" {
  mock_resource "tls_private_key" {
    defaults = { private_key_openssh = "a private key\n", public_key_openssh = "ssh-ed25519 AAAA\n" }
  }
}

variables {
  exoscale_key    = "EXO0123456789abcdef"
  exoscale_secret = "not-a-real-secret"
  provision       = false
  # The mock cannot look a template up.
  template_id = "11111111-1111-4111-8111-111111111111"
}

run "pinned" {
  assert {
    condition     = exoscale_iam_role.restricted_key[0].policy.default_service_strategy == "deny" && join(",", keys(exoscale_iam_role.restricted_key[0].policy.services)) == "compute"
    error_message = "Everything but compute is denied."
  }
  assert {
    condition     = alltrue([for rule in exoscale_iam_role.restricted_key[0].policy.services.compute.rules : rule.action == "allow"])
    error_message = "A rule that denies would let pass what it cannot evaluate."
  }
  assert {
    condition     = strcontains(local.allowed_operations["scale-instance-pool"], "parameters.size <= 10")
    error_message = "The key reaches twice the maximum."
  }
}

run "larger_sizes" {
  variables {
    maximum     = 7
    key_maximum = 7
  }

  assert {
    condition     = strcontains(local.allowed_operations["scale-instance-pool"], "parameters.size <= 7")
    error_message = "key_maximum is the limit."
  }
}

run "not_pinned" {
  variables {
    pinned_key = false
  }

  assert {
    condition = [for rule in exoscale_iam_role.restricted_key[0].policy.services.compute.rules : rule.expression] == [
      for operation in ["evict-instance-pool-members", "get-instance-pool", "get-operation", "list-instances", "list-load-balancers", "list-security-groups", "scale-instance-pool"] : "operation == '${operation}'"
    ]
    error_message = "The operations are the only limit then."
  }
}
