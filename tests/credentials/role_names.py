"""Names that botocore gives the files of its cache of roles.

Prints a name for each row of NAMES in role_cache_test.ts, in order.
"""

from botocore.credentials import AssumeRoleCredentialFetcher

ARN = "arn:aws:iam::123456789012:role/reader"
ROLES = [
    {},
    {"ExternalId": "ext-1"},
    {"DurationSeconds": 3600},
    {"RoleSessionName": "alice"},
    {
        "RoleSessionName": "alice",
        "ExternalId": 'e"x/é',
        "DurationSeconds": 3600,
        "SerialNumber": "arn:aws:iam::123456789012:mfa/me",
    },
    {
        "Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    },
    {
        "DurationSeconds": 3600,
        "Tags": [{"Key": "k", "Value": "v"}],
        "TransitiveTagKeys": ["k"],
    },
]
for role in ROLES:
    fetcher = AssumeRoleCredentialFetcher(None, None, ARN, extra_args=role)
    print(fetcher._create_cache_key())
