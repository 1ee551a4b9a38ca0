"""What botocore signs of a listing with a header and parameters of one's own.

Prints the canonical request and the signature that stand in
call_options_test.ts. Recorded with botocore 1.43.11.
"""

import datetime
from unittest import mock
from urllib.parse import quote, urlencode

import boto3
from botocore.auth import S3SigV4Auth
from botocore.config import Config

NOW = datetime.datetime(2024, 2, 29, 12, 34, 56)


FIELDS = {"allow-unordered": "true", "q~*'()/ é": "a+b=c&d"}


def add_fields(request, **_):
    request.headers["X-Tenant"] = "  blue   team "
    more = urlencode(FIELDS, safe="-_.~", quote_via=quote)
    request.url += f"&{more}"


def show(request, **_):
    print(request.headers["Authorization"].decode().rsplit("=", 1)[1])
    raise SystemExit


def canonical(self, request):
    text = ORIGINAL(self, request)
    print(text)
    return text


ORIGINAL = S3SigV4Auth.canonical_request
S3SigV4Auth.canonical_request = canonical
s3 = boto3.client(
    "s3",
    region_name="eu-west-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    config=Config(s3={"addressing_style": "virtual"}),
)
s3.meta.events.register("before-sign.s3.ListObjectsV2", add_fields)
s3.meta.events.register("before-send.s3.ListObjectsV2", show)
with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
    s3.list_objects_v2(Bucket="photos", Prefix="a b/")
