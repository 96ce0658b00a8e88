"""Pictures of the systems, drawn from the resources that their program asks Pulumi for."""
