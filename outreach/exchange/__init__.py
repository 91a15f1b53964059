"""The directory in and out: HSDS 3 / Open Referral UK as JSON, the same as a table, and the public feed."""
