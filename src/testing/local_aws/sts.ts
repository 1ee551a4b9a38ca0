/**
 * STS: who calls, and temporary keys that the server then knows.
 *
 * @module
 */
import { fromBase64, text } from "../../foundation/bytes.ts";
import { iso8601 } from "../../foundation/timestamps.ts";
import type { PlainResponse } from "../http_message.ts";
import type { Identity, Key, Keys } from "./access.ts";
import { S3Error } from "./s3_error.ts";
import { type Target, valueOf } from "./request.ts";
import { type Content, element, fields, writeXml } from "./xml.ts";

/** A request to STS. */
export interface StsCall {
  /** The parameters, from query or form. */
  readonly params: Target["query"];
  /** The key it is signed with; absent where it is not. */
  readonly key: Key | undefined;
  /** The keys that the server knows. */
  readonly keys: Keys;
  /** Time of the server. */
  readonly now: Date;
  /** Id of the request. */
  readonly requestId: string;
}

/** How long temporary keys may live, in seconds. */
interface Life {
  readonly least: number;
  readonly most: number;
  readonly byDefault: number;
}

const ROLE_LIFE: Life = { least: 900, most: 43_200, byDefault: 3_600 };
const SESSION_LIFE: Life = { least: 900, most: 129_600, byDefault: 43_200 };

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

type Action = (call: StsCall) => Content;

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["AssumeRole", assumeRole],
  ["AssumeRoleWithWebIdentity", assumeRoleWithWebIdentity],
  ["GetAccessKeyInfo", getAccessKeyInfo],
  ["GetCallerIdentity", getCallerIdentity],
  ["GetFederationToken", getFederationToken],
  ["GetSessionToken", getSessionToken],
]);

/**
 * Answers a request to STS.
 *
 * @throws {S3Error} If the answer is no.
 */
export function answerSts(call: StsCall): PlainResponse {
  const name = valueOf(call.params, "Action") ?? "";
  const action = ACTIONS.get(name);
  if (action === undefined) {
    throw new S3Error(
      "InvalidAction",
      {},
      `LocalAws has no action "${name}"; its services are S3 and STS`,
    );
  }
  const root = element(
    `${name}Response`,
    element(`${name}Result`, action(call)),
    element("ResponseMetadata", fields({ RequestId: call.requestId })),
  );
  return {
    status: 200,
    headers: { "content-type": "text/xml" },
    body: writeXml(root, NAMESPACE),
  };
}

function getCallerIdentity(call: StsCall): Content {
  const { account, arn, userId } = signer(call).identity;
  return fields({ Arn: arn, UserId: userId, Account: account });
}

function getAccessKeyInfo(call: StsCall): Content {
  signer(call);
  const id = required(call, "AccessKeyId");
  if (!/^\w{16,128}$/.test(id)) {
    throw invalid(
      "AccessKeyId must have 16 to 128 characters of A-Z a-z 0-9 _",
    );
  }
  const key = call.keys.find(id);
  if (key === undefined) throw new S3Error("AccessDenied");
  return fields({ Account: key.identity.account });
}

function getFederationToken(call: StsCall): Content {
  const key = signer(call);
  if (key.sessionToken !== undefined) {
    throw new S3Error(
      "AccessDenied",
      {},
      "Cannot call GetFederationToken with session credentials",
    );
  }
  const name = required(call, "Name");
  if (!/^[\w+=,.@-]{2,32}$/.test(name)) {
    throw invalid("Name must have 2 to 32 characters of A-Z a-z 0-9 _+=,.@-");
  }
  const { account } = key.identity;
  const identity = {
    account,
    arn: `arn:aws:sts::${account}:federated-user/${name}`,
    userId: `${account}:${name}`,
  };
  return [
    credentials(call, identity, SESSION_LIFE),
    element(
      "FederatedUser",
      fields({ FederatedUserId: identity.userId, Arn: identity.arn }),
    ),
  ];
}

function getSessionToken(call: StsCall): Content {
  const key = signer(call);
  if (key.sessionToken !== undefined) {
    throw new S3Error(
      "AccessDenied",
      {},
      "GetSessionToken cannot be called with temporary credentials",
    );
  }
  return credentials(call, key.identity, SESSION_LIFE);
}

function assumeRole(call: StsCall): Content {
  signer(call);
  const identity = roleSession(call);
  return [
    credentials(call, identity, ROLE_LIFE),
    assumedUser(identity),
  ];
}

function assumeRoleWithWebIdentity(call: StsCall): Content {
  const claims = readToken(required(call, "WebIdentityToken"));
  if (claims.exp !== undefined && claims.exp * 1_000 <= call.now.getTime()) {
    throw new S3Error("ExpiredToken");
  }
  const identity = roleSession(call);
  return [
    credentials(call, identity, ROLE_LIFE),
    assumedUser(identity),
    fields({
      SubjectFromWebIdentityToken: claims.sub,
      Audience: claims.aud,
      Provider: claims.iss,
    }),
  ];
}

function signer({ key }: StsCall): Key {
  if (key === undefined) throw new S3Error("MissingAuthenticationToken");
  return key;
}

function roleSession(call: StsCall): Identity {
  const role = required(call, "RoleArn");
  const session = required(call, "RoleSessionName");
  const [, account, name] =
    /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/
      .exec(role) ?? [];
  if (account === undefined || name === undefined) {
    throw invalid("RoleArn must be arn:aws:iam::ACCOUNT:role/NAME");
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
    throw invalid(
      "RoleSessionName must have 2 to 64 characters of A-Z a-z 0-9 _+=,.@-",
    );
  }
  return {
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
    userId: `AROA${"0".repeat(15)}1:${session}`,
  };
}

function credentials(call: StsCall, identity: Identity, life: Life): Content {
  const value = valueOf(call.params, "DurationSeconds") ??
    String(life.byDefault);
  const seconds = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (seconds < life.least || seconds > life.most) {
    throw invalid(`DurationSeconds must be ${life.least} to ${life.most}`);
  }
  const end = Math.floor(call.now.getTime() / 1_000 + seconds) * 1_000;
  const issued = call.keys.issue(identity, new Date(end));
  return element(
    "Credentials",
    fields({ ...issued, Expiration: iso8601(issued.Expiration) }),
  );
}

function assumedUser({ arn, userId }: Identity): Content {
  return element(
    "AssumedRoleUser",
    fields({ AssumedRoleId: userId, Arn: arn }),
  );
}

/** What the middle part of a JWT says; its signature is not checked. */
interface TokenClaims {
  readonly exp?: number;
  readonly sub?: string;
  readonly aud?: string;
  readonly iss?: string;
}

function readToken(token: string): TokenClaims {
  const [, claims] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  try {
    const parsed: unknown = JSON.parse(text(fromBase64(
      (claims ?? "").replaceAll("-", "+").replaceAll("_", "/"),
    )));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // Neither base64 nor JSON: refused below.
  }
  throw new S3Error("InvalidIdentityToken");
}

function required({ params }: StsCall, name: string): string {
  const value = valueOf(params, name);
  if (value === undefined || value === "") throw invalid(`${name} is missing`);
  return value;
}

function invalid(message: string): S3Error {
  return new S3Error("ValidationError", {}, message);
}
