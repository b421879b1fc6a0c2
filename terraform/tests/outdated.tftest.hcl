# Which members count as outdated. The mocked cloud creates the pool, because its
# members have its id.

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

run "a_first_apply_has_none" {
  assert {
    condition     = length(output.outdated_members) == 0
    error_message = "There are no members yet."
  }
  assert {
    condition     = data.exoscale_compute_instance_list.members[0].name == "/^exopool-member-/"
    error_message = "Other machines are not asked for."
  }
}

run "each_difference_counts" {
  override_data {
    target = data.exoscale_compute_instance_list.members
    values = {
      instances = [
        { name = "like-the-pool", manager_id = "22222222-2222-4222-8222-222222222222", state = "running", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.micro", disk_size = 10, user_data = "" },
        { name = "user-data", manager_id = "22222222-2222-4222-8222-222222222222", state = "running", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.micro", disk_size = 10, user_data = "#cloud-config\n" },
        { name = "disk", manager_id = "22222222-2222-4222-8222-222222222222", state = "stopped", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.micro", disk_size = 20, user_data = "" },
        { name = "type", manager_id = "22222222-2222-4222-8222-222222222222", state = "starting", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.small", disk_size = 10, user_data = "" },
        { name = "template", manager_id = "22222222-2222-4222-8222-222222222222", state = "running", template_id = "33333333-3333-4333-8333-333333333333", type = "standard.micro", disk_size = 10, user_data = "" },
        { name = "leaving", manager_id = "22222222-2222-4222-8222-222222222222", state = "destroying", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.small", disk_size = 10, user_data = "" },
        { name = "of-another-pool", manager_id = "44444444-4444-4444-8444-444444444444", state = "running", template_id = "11111111-1111-4111-8111-111111111111", type = "standard.small", disk_size = 10, user_data = "" },
      ]
    }
  }

  assert {
    condition     = join(" ", output.outdated_members) == "disk template type user-data"
    error_message = "Outdated are ${join(" ", output.outdated_members)}."
  }

  expect_failures = [check.outdated_members]
}

run "who_may_not_ask_is_told_nothing" {
  variables {
    report_outdated = false
  }

  assert {
    condition     = output.outdated_members == null && length(data.exoscale_compute_instance_list.members) == 0
    error_message = "Nothing is known, and nobody is asked."
  }
}
