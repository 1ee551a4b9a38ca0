"""boto3 in the benchmark of peers.

Arguments: the peer's name, "upload", "download" or "stream". Environment: BASE
is the server, FILE the file.
"""

import os
import sys

import boto3
from boto3.s3.transfer import TransferConfig

act = sys.argv[2]
path = os.environ["FILE"]
s3 = boto3.client(
    "s3",
    region_name="us-east-1",
    endpoint_url=os.environ["BASE"],
    aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)
config = TransferConfig(
    max_concurrency=10,
    multipart_chunksize=8 * 1024 * 1024,
    preferred_transfer_client="classic",
)
if act == "upload":
    s3.upload_file(path, "bkt", "up", Config=config)
elif act == "download":
    s3.download_file("bkt", "big", path, Config=config)
else:
    for piece in s3.get_object(Bucket="bkt", Key="big")["Body"].iter_chunks():
        pass
print("done")
