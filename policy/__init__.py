"""The guardrails: what any stack may deploy, as a Pulumi policy pack."""
