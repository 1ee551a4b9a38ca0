"""Records the questions of questions.json with botocore, in the form of the vectors.

Run: python3 tests/vectors/own/record.py
It needs boto3 and no network; nothing is sent. Written for the forms that the
recorded cases allow and seldom use.
"""
import base64
import datetime
import json
import os
import pathlib
import tempfile

import boto3
import botocore
import botocore.auth
import botocore.signers
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2024, 2, 29, 12, 34, 56)
KEYS = {
    "accessKeyId": "AKIDEXAMPLE",
    "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "sessionTokenWhenToken": "SESSIONTOKEN/+==",
}
META = {
    "generator": f"botocore {botocore.__version__} without awscrt",
    "now": "2024-02-29T12:34:56Z",
    "credentials": KEYS,
}


class Sent(BaseException):
    pass


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, **_):
        yield self.body

    def read(self, *_):
        body, self.body = self.body, b""
        return body


def value_of(value):
    if isinstance(value, list):
        return [value_of(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$blob" in value:
        return value["$blob"].encode()
    if "$time" in value:
        return datetime.datetime.fromisoformat(
            value["$time"].replace("Z", "+00:00")
        )
    return {key: value_of(one) for key, one in value.items()}


def plain(value):
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.timezone.utc).isoformat()
        return {"$time": text.replace("+00:00", "Z")}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if hasattr(value, "read"):
        return {"$body": value.read().decode()}
    return value


def client_of(case):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    folder = tempfile.mkdtemp()
    os.environ.update(
        HOME=folder, AWS_EC2_METADATA_DISABLED="true", **case.get("env", {})
    )
    if "profile" in case:
        os.mkdir(f"{folder}/.aws")
        pathlib.Path(folder, ".aws", "config").write_text(case["profile"])
    config = dict(case.get("config", {}))
    if config.get("signature_version") == "UNSIGNED":
        config["signature_version"] = UNSIGNED
    keys = {} if case.get("credentials") == "none" else {
        "aws_access_key_id": KEYS["accessKeyId"],
        "aws_secret_access_key": KEYS["secretAccessKey"],
    }
    if case.get("credentials") == "token":
        keys["aws_session_token"] = KEYS["sessionTokenWhenToken"]
    return boto3.session.Session().client(
        case.get("service", "s3"),
        region_name=case["region"],
        endpoint_url=case.get("endpoint_url"),
        config=Config(**config),
        **keys,
    )


def call(client, case):
    name = botocore.xform_name(case["operation"])
    return getattr(client, name)(**value_of(case["params"]))


def request(case):
    seen = []

    def send(request, **_):
        seen.append(request)
        raise Sent()

    try:
        client = client_of(case)
        client.meta.events.register("before-send", send)
        call(client, case)
    except Sent:
        pass
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    sent = seen[0]
    fields = {
        name.lower(): text.decode() if isinstance(text, bytes) else str(text)
        for name, text in sent.headers.items()
    }
    body = sent.body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    return {
        "method": sent.method,
        "url": sent.url,
        "headers": sorted(
            [name, text]
            for name, text in fields.items()
            if name != "user-agent" and not name.startswith("amz-sdk-")
        ),
        **({"body": body.decode()} if body else {}),
    }


def response(case):
    answer = case["response"]
    client = client_of({
        **case,
        "config": {
            **case.get("config", {}),
            "retries": {"total_max_attempts": 1},
        },
    })
    client.meta.events.register(
        "before-send",
        lambda **_: AWSResponse(
            "https://mybucket.s3.us-west-2.amazonaws.com/",
            answer["status"],
            botocore.awsrequest.HeadersDict(answer["headers"]),
            Raw(answer.get("body", "").encode()),
        ),
    )
    try:
        output = call(client, case)
        output["ResponseMetadata"].pop("MaxAttemptsReached", None)
        return {"output": plain(output)}
    except ClientError as error:
        return {
            "clientError": plain(error.response),
            "exception": type(error).__name__,
            "message": str(error),
        }


def url(case):
    try:
        return {
            "url": client_of(case).generate_presigned_url(
                botocore.xform_name(case["operation"]),
                Params=value_of(case["params"]),
                **({"HttpMethod": case["httpMethod"]}
                   if "httpMethod" in case else {}),
                **({"ExpiresIn": case["expiresIn"]}
                   if "expiresIn" in case else {}),
            )
        }
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


def post(case):
    try:
        form = client_of(case).generate_presigned_post(
            **value_of(case["params"]),
            **({"ExpiresIn": case["expiresIn"]}
               if "expiresIn" in case else {}),
        )
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    policy = base64.b64decode(form["fields"]["policy"]).decode()
    return {**form, "policyText": policy}


botocore.auth.get_current_datetime = lambda **_: NOW
botocore.signers.get_current_datetime = lambda **_: NOW
questions = json.loads((HERE / "questions.json").read_text())
for kind, record in (
    ("client-requests", request),
    ("client-responses", response),
    ("presigned-urls", url),
    ("presigned-posts", post),
):
    cases = [{**case, "expect": record(case)} for case in questions[kind]]
    text = json.dumps({"meta": META, "cases": cases}, indent=2)
    (HERE / f"{kind}.json").write_text(f"{text}\n")
