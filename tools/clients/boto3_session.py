"""The everyday session of boto3: python3 boto3_session.py ENDPOINT BUCKET."""
import hashlib, io, json, sys, time, urllib.error, urllib.request
import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

endpoint, bucket = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint)
MIB = 1024 * 1024
SMALL = {
    "empty": b"",
    "folder/small.txt": b"miaow",
    'a "b" & <c>': b"odd",
    "folder/naïve 日本 +%25.txt": b"odder",
    "it's (odd) ~*!;=,": b"oddest",
}
BIG = "folder/big"
big = b"".join(i.to_bytes(4, "little") for i in range(4 * MIB)) + b"x"
md5 = lambda data: hashlib.md5(data)
parts = [big[i:i + 8 * MIB] for i in range(0, len(big), 8 * MIB)]
whole = md5(b"".join(md5(part).digest() for part in parts)).hexdigest()
etag_of_big = f'"{whole}-{len(parts)}"'

s3.create_bucket(Bucket=bucket)
s3.create_bucket(Bucket=bucket)  # in us-east-1 again is no error
# botocore must not wait 60 s for a 100 after an empty body.
begun = time.time()
for key, body in SMALL.items():
    answer = s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert answer["ETag"] == f'"{md5(body).hexdigest()}"', key
assert time.time() - begun < 20, "stalled after an empty body"
config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB)
s3.upload_fileobj(io.BytesIO(big), bucket, BIG, Config=config)
head = s3.head_object(Bucket=bucket, Key=BIG)
assert (head["ContentLength"], head["ETag"]) == (len(big), etag_of_big), head
got = io.BytesIO()
s3.download_fileobj(bucket, BIG, got, Config=config)
assert got.getvalue() == big

pages = s3.get_paginator("list_objects_v2").paginate(
    Bucket=bucket, PaginationConfig={"PageSize": 2})
listed = [one for page in pages for one in page["Contents"]]
assert [one["Key"] for one in listed] == sorted([*SMALL, BIG], key=str.encode)
for one in listed:
    body = SMALL.get(one["Key"], big)
    etag = etag_of_big if one["Key"] == BIG else f'"{md5(body).hexdigest()}"'
    assert (one["Size"], one["ETag"]) == (len(body), etag), one
folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
assert folders == [{"Prefix": "folder/"}], folders

for key, body in SMALL.items():
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ContentLength"] == len(body), key
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body, key
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert urllib.request.urlopen(url).read() == body, key
    copy = {"Bucket": bucket, "Key": key}
    s3.copy_object(Bucket=bucket, Key="copy of " + key, CopySource=copy)
    assert s3.get_object(Bucket=bucket, Key="copy of " + key)["Body"].read() == body
    s3.delete_object(Bucket=bucket, Key="copy of " + key)
part = s3.get_object(Bucket=bucket, Key=BIG, Range="bytes=8388605-8388610")
assert part["Body"].read() == big[8388605:8388611]
assert part["ContentRange"] == f"bytes 8388605-8388610/{len(big)}"

metadata = {"mood": "calm", "empty": ""}
s3.put_object(Bucket=bucket, Key="with", Body=b"x", ContentType="text/plain", Metadata=metadata)
head = s3.head_object(Bucket=bucket, Key="with")
assert (head["ContentType"], head["Metadata"]) == ("text/plain", metadata), head
s3.delete_object(Bucket=bucket, Key="with")

form = s3.generate_presigned_post(bucket, "by form")
lines = []
for name, value in [*form["fields"].items(), ("file", "filled in")]:
    more = '; filename="f"' if name == "file" else ""
    lines += ["--edge", f'Content-Disposition: form-data; name="{name}"{more}', "", value]
data = "\r\n".join([*lines, "--edge--", ""]).encode()
request = urllib.request.Request(form["url"], data, {"Content-Type": "multipart/form-data; boundary=edge"})
assert urllib.request.urlopen(request).status == 204
assert s3.get_object(Bucket=bucket, Key="by form")["Body"].read() == b"filled in"
s3.delete_object(Bucket=bucket, Key="by form")

for call, code in [(s3.get_object, "NoSuchKey"), (s3.head_object, "404")]:
    try:
        call(Bucket=bucket, Key="nothing here")
        raise AssertionError("nothing was raised")
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response

objects = [{"Key": key} for key in [*SMALL, BIG]]
answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
assert sorted(one["Key"] for one in answer["Deleted"]) == sorted([*SMALL, BIG])

# A version is deleted by its id, and the one before it is the current one.
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
ids = [s3.put_object(Bucket=bucket, Key="v", Body=body)["VersionId"] for body in [b"1", b"2"]]
s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "v", "VersionId": ids[1]}]})
assert s3.get_object(Bucket=bucket, Key="v")["Body"].read() == b"1"
s3.delete_object(Bucket=bucket, Key="v", VersionId=ids[0])
s3.delete_bucket(Bucket=bucket)
print(json.dumps({
    "steps": ["bucket", "put", "multipart", "list", "prefixes", "head", "get", "range",
              "metadata", "copy", "presigned get", "form", "404", "delete many",
              "versions", "remove bucket"],
    "lacks": ["presigned put"],
    "keys": [*SMALL, BIG],
}))
