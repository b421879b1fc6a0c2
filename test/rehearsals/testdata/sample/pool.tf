resource "exoscale_security_group" "web" {
  name = "web"
}

resource "exoscale_security_group_rule" "http" {
  security_group_id = exoscale_security_group.web.id
  type              = "INGRESS"
  protocol          = "TCP"
  cidr              = "0.0.0.0/0"
  start_port        = 8080
  end_port          = 8080
}

resource "exoscale_security_group_rule" "exporter" {
  security_group_id      = exoscale_security_group.web.id
  type                   = "INGRESS"
  protocol               = "TCP"
  user_security_group_id = exoscale_security_group.monitoring.id
  start_port             = var.target_port
  end_port               = var.target_port
}

resource "exoscale_instance_pool" "web" {
  zone               = var.zone
  name               = "web"
  template_id        = data.exoscale_template.ubuntu.id
  instance_type      = "standard.micro"
  size               = 1
  disk_size          = 10
  security_group_ids = [exoscale_security_group.web.id]
  user_data          = file("${path.module}/userdata/web.sh")

  # The autoscaler changes it.
  lifecycle {
    ignore_changes = [size]
  }
}

resource "exoscale_nlb" "web" {
  zone = var.zone
  name = "web"
}

resource "exoscale_nlb_service" "web" {
  zone             = var.zone
  nlb_id           = exoscale_nlb.web.id
  name             = "web"
  instance_pool_id = exoscale_instance_pool.web.id
  protocol         = "tcp"
  port             = 80
  target_port      = 8080
  strategy         = "round-robin"

  healthcheck {
    mode     = "http"
    port     = 8080
    uri      = "/health"
    interval = 5
    timeout  = 3
    retries  = 1
  }
}
