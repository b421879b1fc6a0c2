run "makes_the_members_that_were_asked_for" {
  variables {
    members = 3
  }
  assert {
    condition     = length(exoscale_instance_pool.shop.instances) == 3
    error_message = "The shop has ${length(exoscale_instance_pool.shop.instances)} members."
  }
}

run "shrinks" {
  variables {
    members = 1
  }
  assert {
    condition     = exoscale_instance_pool.shop.size == 1
    error_message = "The shop does not shrink."
  }
}
