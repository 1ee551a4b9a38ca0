"""boto3 in the transfer benchmark. Prints the seconds of one transfer.

Arguments: "upload" or "download", the server's URL, the key, the file.
"""

import sys
from time import perf_counter

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

act, origin, key, path = sys.argv[1:]
s3 = boto3.client(
    "s3",
    region_name="us-east-1",
    endpoint_url=origin,
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    config=Config(max_pool_connections=10),
)
config = TransferConfig(
    max_concurrency=10,
    multipart_chunksize=8 * 1024 * 1024,
    preferred_transfer_client="classic",
)

start = perf_counter()
if act == "upload":
    s3.upload_file(path, "photos", key, Config=config)
else:
    s3.download_file("photos", key, path, Config=config)
print(perf_counter() - start)
