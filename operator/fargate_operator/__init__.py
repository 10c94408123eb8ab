"""A Kubernetes operator that turns each FargateApp into one AWS CloudFormation stack."""

__version__ = "0.1.0"
