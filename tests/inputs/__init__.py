"""FargateApps that nobody would write: generated from the CRD's schema, broken on purpose, named by an enemy."""
