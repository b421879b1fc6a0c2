# One public address in front of all members.

resource "exoscale_nlb" "application" {
  zone        = var.zone
  name        = "${var.name}-application"
  description = "Entrance to the members of ${var.name}."
  labels      = local.labels
}

resource "exoscale_nlb_service" "http" {
  zone             = var.zone
  nlb_id           = exoscale_nlb.application.id
  name             = "http"
  description      = "HTTP to the application."
  instance_pool_id = exoscale_instance_pool.members.id
  protocol         = "tcp"
  strategy         = "round-robin"
  port             = 80
  target_port      = var.application_port

  healthcheck {
    mode     = "http"
    port     = var.application_port
    uri      = var.health_path
    interval = 10
    timeout  = 5
    # A member at full load may answer late once and should stay in service.
    retries = 2
  }
}
