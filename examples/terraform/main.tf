terraform {
  backend "http" {
    address        = "http://127.0.0.1:7480/tfstate/infra"
    lock_address   = "http://127.0.0.1:7480/tfstate/infra"
    unlock_address = "http://127.0.0.1:7480/tfstate/infra"
  }
}

variable "size" {
  type    = number
  default = 3
}

resource "terraform_data" "network" {
  input = { cidr = "10.0.0.0/16" }
}

resource "terraform_data" "server" {
  count = 2
  input = { name = "web-${count.index}", size = var.size, network = terraform_data.network.id }
}

output "size" {
  value = var.size
}
