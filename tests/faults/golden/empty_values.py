"""Records what botocore does with variables that are set and empty.

Writes empty_values.json beside itself: for each case the environment, the
files, and what botocore sent, or the name of its error. No network is used.

Run with: python3 -m venv v && v/bin/pip install botocore==1.43.107
          v/bin/python tests/faults/golden/empty_values.py
"""
import json
import os
import pathlib
import tempfile
from urllib.parse import parse_qs, urlsplit

import botocore
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret"}
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}
NO_IMDS = {"AWS_EC2_METADATA_DISABLED": "true"}
PLAIN = {**KEYS, **REGION}
FILE = {"credentials": "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n"}
IN_REGION = {"config": "[default]\nregion = eu-west-1\n"}
TOKEN = {"token": "web-token"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"}
CONTAINER = {**REGION, **NO_IMDS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/creds"}

# (the variable that is empty, the other variables, files in ~/.aws, service)
CASES = [
    ("AWS_ACCESS_KEY_ID", {**REGION, "AWS_SECRET_ACCESS_KEY": "secret"}, FILE),
    ("AWS_SECRET_ACCESS_KEY", {**REGION, "AWS_ACCESS_KEY_ID": "AKIDENV"}, FILE),
    ("AWS_SESSION_TOKEN", PLAIN),
    ("AWS_SECURITY_TOKEN", {**PLAIN, "AWS_SESSION_TOKEN": "token"}),
    ("AWS_CREDENTIAL_EXPIRATION", PLAIN),
    ("AWS_ACCOUNT_ID", PLAIN),
    ("AWS_PROFILE", PLAIN),
    ("AWS_DEFAULT_PROFILE", {**PLAIN, "AWS_PROFILE": "other"}, {"config": "[profile other]\nregion = eu-west-1\n"}),
    ("AWS_CONFIG_FILE", PLAIN),
    ("AWS_SHARED_CREDENTIALS_FILE", {**REGION, **NO_IMDS}, FILE),
    ("AWS_MAX_ATTEMPTS", PLAIN),
    ("AWS_RETRY_MODE", PLAIN),
    ("AWS_DEFAULTS_MODE", PLAIN),
    ("AWS_ENDPOINT_URL", PLAIN),
    ("AWS_ENDPOINT_URL_S3", {**PLAIN, "AWS_ENDPOINT_URL": "http://localhost:9000"}),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", {**PLAIN, "AWS_ENDPOINT_URL": "http://localhost:9000"}),
    ("AWS_USE_FIPS_ENDPOINT", PLAIN),
    ("AWS_USE_DUALSTACK_ENDPOINT", PLAIN),
    ("AWS_S3_USE_ARN_REGION", PLAIN),
    ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", PLAIN),
    ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", PLAIN),
    ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", PLAIN),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", PLAIN),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", PLAIN),
    ("AWS_STS_REGIONAL_ENDPOINTS", PLAIN, {}, "sts"),
    ("AWS_SDK_UA_APP_ID", PLAIN),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", {**REGION, "AWS_ROLE_ARN": WEB["AWS_ROLE_ARN"]}, FILE),
    ("AWS_ROLE_ARN", {**REGION, "AWS_WEB_IDENTITY_TOKEN_FILE": WEB["AWS_WEB_IDENTITY_TOKEN_FILE"]}, {**FILE, **TOKEN}),
    ("AWS_ROLE_SESSION_NAME", {**REGION, **WEB}, TOKEN),
    ("AWS_CREDENTIAL_FILE", {**REGION, **NO_IMDS}),
    ("BOTO_CONFIG", {**REGION, **NO_IMDS}),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", {**REGION, **NO_IMDS}),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", {**REGION, **NO_IMDS}),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", CONTAINER),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", {**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "inline"}),
    ("AWS_EC2_METADATA_DISABLED", REGION),
    ("AWS_EC2_METADATA_V1_DISABLED", REGION),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", REGION),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", REGION),
    ("AWS_IMDS_USE_IPV6", REGION),
    ("AWS_METADATA_SERVICE_TIMEOUT", REGION),
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", REGION),
]

ROLE_KEYS = json.dumps({
    "Code": "Success", "AccessKeyId": "ASIAROLE", "SecretAccessKey": "secret",
    "Token": "role-token", "Expiration": "2099-01-01T00:00:00Z",
})
STS_KEYS = (
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
    "<AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
    "<SessionToken>web</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
)


def answer_to(method, url, body):
    """What the made-up servers say, by URL. The test has the same ones."""
    path = urlsplit(url).path or "/"
    if path == "/latest/api/token":
        return "imds-token"
    if path == "/latest/meta-data/iam/security-credentials/":
        return "role"
    if path in ("/latest/meta-data/iam/security-credentials/role", "/creds", "/"):
        if path == "/" and "169.254" not in url:
            return STS_KEYS if b"WebIdentityToken" in body else "<R/>"
        return ROLE_KEYS
    return "<R/>"


class Raw:
    def __init__(self, text):
        self.text = text.encode()

    def stream(self, **_):
        yield self.text


def observe(empty, env, files, service):
    sent = []

    def send(_self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        parts = urlsplit(request.url)
        fact = {"to": f"{request.method} {parts.scheme}://{parts.netloc}{parts.path or '/'}"}
        auth = headers.get("authorization", "")
        if auth.startswith("AWS4"):
            key, _, region, *_ = auth.split("Credential=")[1].split(",")[0].split("/")
            fact["signer"] = f"{key}/{region}"
        elif auth:
            fact["authorization"] = auth
        if "x-amz-security-token" in headers:
            fact["token"] = headers["x-amz-security-token"]
        name = parse_qs(body.decode()).get("RoleSessionName", [""])[0]
        if name:
            fact["session"] = name.rstrip("0123456789")
        sent.append(fact)
        return AWSResponse(request.url, 200, {}, Raw(answer_to(request.method, request.url, body)))

    with tempfile.TemporaryDirectory() as home:
        aws = pathlib.Path(home, ".aws")
        aws.mkdir()
        for name, text in files.items():
            (aws / name).write_text(text)
        kept = dict(os.environ)
        os.environ.clear()
        os.environ.update({"HOME": home, **{k: v.replace("$HOME", home) for k, v in env.items()}})
        if empty is not None:
            os.environ[empty] = ""
        original, URLLib3Session.send = URLLib3Session.send, send
        try:
            client = botocore.session.Session().create_client(service)
            client.list_buckets() if service == "s3" else client.get_caller_identity()
            return {"sent": sent}
        except Exception as error:
            return {"error": type(error).__name__}
        finally:
            URLLib3Session.send = original
            os.environ.clear()
            os.environ.update(kept)


def main():
    cases = []
    for empty, env, *rest in CASES:
        files = rest[0] if rest else {}
        service = rest[1] if len(rest) > 1 else "s3"
        cases.append({
            "empty": empty, "env": env, "files": files, "service": service,
            "observed": observe(empty, env, files, service),
        })
    target = pathlib.Path(__file__).with_suffix(".json")
    target.write_text(json.dumps({"botocore": botocore.__version__, "cases": cases}, indent=2) + "\n")


main()
