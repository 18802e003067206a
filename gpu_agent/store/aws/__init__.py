"""The stores on AWS: experiments in one DynamoDB table, artifacts and code in two S3 buckets. The only user of boto3.

schema.py      the table as data: keys, indexes, TTL, prefixes; what the templates are compared with
values.py      Python values as DynamoDB has them, exactly
items.py       one experiment as items, and back
table.py       calls of the table, each error a sentence (errors.py)
experiments.py `ExperimentStore`;  listing.py pages and filters;  events.py numbered events
artifacts.py   `ArtifactStore` over S3 with a cache folder
connect.py     clients from the settings
"""
