/**
 * Who may call, and who may do what: the keys of the accounts and those that STS
 * gives out, ACLs of buckets and objects, and policies without conditions.
 *
 * @module
 */
import { strictText } from "../../foundation/bytes.ts";
import type { ApiCredentials } from "../../ports/config.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3_error.ts";
import type { Bucket } from "./store.ts";

/** Who a call comes from. */
export interface Identity {
  /** Account, 12 digits. */
  readonly account: string;
  /** Name of the user or of the role's session, as an ARN. */
  readonly arn: string;
  /** Unique id of it. */
  readonly userId: string;
}

/** A key that requests can be signed with. */
export interface Key {
  /** Secret part. */
  readonly secretAccessKey: string;
  /** Token that must come with it; present on temporary keys. */
  readonly sessionToken?: string;
  /** When it stops working; present on temporary keys. */
  readonly expiration?: Date;
  /** Who it belongs to. */
  readonly identity: Identity;
  /** Whether its signatures are taken as they are. */
  readonly unchecked?: boolean;
}

/** Credentials of a user of the server. */
export interface LocalCredentials {
  /** Public part of the key. */
  readonly accessKeyId: string;
  /** Secret part of the key. */
  readonly secretAccessKey: string;
  /** Account of the user, 12 digits. Default: `"123456789012"`. */
  readonly account?: string;
  /** Name of the user. Default: `"local"`. */
  readonly user?: string;
}

/** All keys that the server knows. */
export class Keys {
  readonly #keys = new Map<string, Key>();
  readonly #accounts = new Set<string>();
  readonly #anyKey: boolean;

  /**
   * @param users The users.
   * @param anyKey Whether keys that nobody has belong to the first user.
   */
  constructor(users: readonly LocalCredentials[], anyKey = false) {
    this.#anyKey = anyKey;
    for (const [index, user] of users.entries()) {
      const { account = "123456789012", user: name = "local" } = user;
      this.#accounts.add(account);
      this.#keys.set(user.accessKeyId, {
        secretAccessKey: user.secretAccessKey,
        identity: {
          account,
          arn: `arn:aws:iam::${account}:user/${name}`,
          userId: `AIDA${String(index + 1).padStart(16, "0")}`,
        },
      });
    }
  }

  /** The key with a public part. */
  find(accessKeyId: string): Key | undefined {
    const found = this.#keys.get(accessKeyId);
    if (found !== undefined || !this.#anyKey) return found;
    const [first] = this.#keys.values();
    return first === undefined
      ? undefined
      : { secretAccessKey: "", identity: first.identity, unchecked: true };
  }

  /** Whether an account has a user, or has had a role. */
  isAccount(account: string): boolean {
    return this.#accounts.has(account);
  }

  /** Makes a temporary key. */
  issue(identity: Identity, expiration: Date): Required<ApiCredentials> {
    const AccessKeyId = `ASIA${
      random(16).toUpperCase().replace(/[^A-Z2-7]/g, "Q")
    }`;
    const SecretAccessKey = random(40);
    const SessionToken = `local/${random(120)}`;
    this.#accounts.add(identity.account);
    this.#keys.set(AccessKeyId, {
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration,
      identity,
    });
    return {
      AccessKeyId,
      SecretAccessKey,
      SessionToken,
      Expiration: expiration,
    };
  }
}

function random(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  const alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}

/** What a grant allows. */
export type Permission =
  | "FULL_CONTROL"
  | "READ"
  | "READ_ACP"
  | "WRITE"
  | "WRITE_ACP";

/** A permission for a canonical id, or for a group by its URI. */
export interface Grant {
  /** Canonical id of an account, or URI of a group. */
  readonly grantee: string;
  /** What it allows. */
  readonly permission: Permission;
}

/** The grants of an ACL, in order. */
export type Grants = readonly Grant[];

/** An ACL as the API has it. */
export interface AccessControlPolicy {
  readonly Owner?: { readonly ID?: string };
  readonly Grants?: readonly {
    readonly Grantee?: {
      readonly ID?: string;
      readonly URI?: string;
      readonly EmailAddress?: string;
      readonly Type?: string;
    };
    readonly Permission?: string;
  }[];
}

const GROUPS = "http://acs.amazonaws.com/groups/";
const ALL_USERS = `${GROUPS}global/AllUsers`;
const AUTHENTICATED = `${GROUPS}global/AuthenticatedUsers`;
const LOG_DELIVERY = `${GROUPS}s3/LogDelivery`;

const PERMISSIONS: readonly string[] = [
  "FULL_CONTROL",
  "READ",
  "READ_ACP",
  "WRITE",
  "WRITE_ACP",
] satisfies readonly Permission[];

/** Header fields that grant, and what. */
const GRANT_HEADERS: Readonly<Record<string, Permission>> = {
  "x-amz-grant-full-control": "FULL_CONTROL",
  "x-amz-grant-read": "READ",
  "x-amz-grant-read-acp": "READ_ACP",
  "x-amz-grant-write": "WRITE",
  "x-amz-grant-write-acp": "WRITE_ACP",
};

/** The id that stands for an account in documents. */
export function canonicalId(account: string): string {
  return account.padStart(64, "0");
}

/** The account of a canonical id. */
function accountOf(id: string): string {
  return id.replace(/^0{52}(?=\d{12}$)/, "");
}

/** The grants of an owner alone. */
export function ownerGrants(owner: string): Grants {
  return [{ grantee: canonicalId(owner), permission: "FULL_CONTROL" }];
}

/**
 * The grants that a request asks for by a canned ACL or by header fields.
 *
 * @param headers The header fields of the request.
 * @param owner Account that owns what they are for.
 * @param bucketOwner Account that owns the bucket.
 * @param known Whether there is an account.
 * @returns The grants; those of the owner alone where nothing is asked for.
 */
export function requestedGrants(
  headers: HeaderMap,
  owner: string,
  bucketOwner: string,
  known: (account: string) => boolean,
): Grants | undefined {
  const canned = headers["x-amz-acl"];
  const listed = Object.entries(GRANT_HEADERS).flatMap(([name, permission]) =>
    (headers[name] ?? "").split(",").filter((item) => item.trim() !== "")
      .map((item): Grant => ({
        grantee: readGrantee(name, item.trim(), known),
        permission,
      }))
  );
  if (listed.length > 0) {
    if (canned !== undefined) {
      throw new S3Error(
        "InvalidRequest",
        {},
        "Specifying both Canned ACLs and Header Grants is not allowed",
      );
    }
    return listed;
  }
  return canned === undefined
    ? undefined
    : cannedGrants(canned, owner, bucketOwner);
}

/** The grants that a canned ACL stands for. */
export function cannedGrants(
  name: string,
  owner: string,
  bucketOwner: string,
): Grants {
  const own = ownerGrants(owner);
  const more = (
    grantee: string,
    ...permissions: Permission[]
  ): Grants => [
    ...own,
    ...permissions.map((permission) => ({ grantee, permission })),
  ];
  switch (name) {
    case "private":
      return own;
    case "public-read":
      return more(ALL_USERS, "READ");
    case "public-read-write":
      return more(ALL_USERS, "READ", "WRITE");
    case "authenticated-read":
      return more(AUTHENTICATED, "READ");
    case "log-delivery-write":
      return more(LOG_DELIVERY, "WRITE", "READ_ACP");
    case "aws-exec-read":
      return own;
    case "bucket-owner-read":
      return owner === bucketOwner
        ? own
        : more(canonicalId(bucketOwner), "READ");
    case "bucket-owner-full-control":
      return owner === bucketOwner
        ? own
        : more(canonicalId(bucketOwner), "FULL_CONTROL");
    default:
      throw invalidArgument("x-amz-acl", name);
  }
}

function readGrantee(
  name: string,
  item: string,
  known: (account: string) => boolean,
): string {
  const [, kind, value] = /^(\w+)\s*=\s*"?([^"]*)"?$/.exec(item) ?? [];
  if (kind === "id" && value) return knownId(value, known);
  if (kind === "uri" && value?.startsWith(GROUPS)) return value;
  if (kind === "emailAddress") {
    throw new S3Error("UnresolvableGrantByEmailAddress");
  }
  throw invalidArgument(name, item);
}

function knownId(id: string, known: (account: string) => boolean): string {
  if (known(accountOf(id))) return id;
  throw invalidArgument("CanonicalUser/ID", id, "Invalid id");
}

/** The grants of an ACL document. */
export function grantsOf(
  policy: AccessControlPolicy,
  owner: string,
  known: (account: string) => boolean,
): Grants {
  if (policy.Owner?.ID !== canonicalId(owner)) {
    throw policy.Owner?.ID === undefined
      ? new S3Error("MalformedACLError")
      : new S3Error("AccessDenied");
  }
  return (policy.Grants ?? []).map(({ Grantee, Permission: permission }) => {
    if (!isPermission(permission)) throw new S3Error("MalformedACLError");
    if (Grantee?.URI !== undefined) {
      return { grantee: Grantee.URI, permission };
    }
    if (Grantee?.EmailAddress !== undefined) {
      throw new S3Error("UnresolvableGrantByEmailAddress");
    }
    if (Grantee?.ID === undefined) throw new S3Error("MalformedACLError");
    return { grantee: knownId(Grantee.ID, known), permission };
  });
}

/** An ACL document of grants. */
export function aclDocument(
  grants: Grants,
  owner: string,
): {
  readonly Owner: { readonly ID: string };
  readonly Grants: {
    readonly Grantee: {
      readonly Type: "CanonicalUser" | "Group";
      readonly ID?: string;
      readonly URI?: string;
    };
    readonly Permission: Permission;
  }[];
} {
  return {
    Owner: { ID: canonicalId(owner) },
    Grants: grants.map(({ grantee, permission }) => ({
      Grantee: grantee.startsWith(GROUPS)
        ? { Type: "Group", URI: grantee }
        : { Type: "CanonicalUser", ID: grantee },
      Permission: permission,
    })),
  };
}

/** Whether an ACL opens something to everyone, or to every account. */
export function isPublic(grants: Grants): boolean {
  return grants.some(({ grantee }) =>
    grantee === ALL_USERS || grantee === AUTHENTICATED
  );
}

/** Whether grants give a caller a permission. */
export function granted(
  grants: Grants,
  permission: Permission,
  caller: Identity | undefined,
): boolean {
  return grants.some((grant) =>
    (grant.permission === permission ||
      grant.permission === "FULL_CONTROL") &&
    (grant.grantee === ALL_USERS ||
      (caller !== undefined &&
        (grant.grantee === AUTHENTICATED ||
          grant.grantee === canonicalId(caller.account))))
  );
}

/** One statement of a policy. */
interface Statement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

/**
 * Reads a policy.
 *
 * @returns Its text.
 * @throws {S3Error} MalformedPolicy, if it is none; NotImplemented, if it has
 * what the server does not obey.
 */
export function readPolicy(body: string, bucket: string): string {
  for (const statement of statements(body)) {
    for (
      const name of ["NotPrincipal", "Condition", "NotAction", "NotResource"]
    ) {
      if (!Object.hasOwn(statement, name)) continue;
      if (name === "NotPrincipal" && statement.Effect === "Allow") {
        throw new S3Error(
          "MalformedPolicy",
          {},
          "Allow with NotPrincipal is not allowed.",
        );
      }
      throw notImplemented({ PolicyElement: name });
    }
    if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
      throw new S3Error("MalformedPolicy", {}, "Invalid effect: ");
    }
    const foreign = list(statement.Resource).find((resource) =>
      !resource.startsWith(`arn:aws:s3:::`) ||
      !matches(resource.slice(13).split("/")[0] ?? "", bucket)
    );
    if (foreign !== undefined) {
      throw new S3Error(
        "MalformedPolicy",
        {},
        "Policy has invalid resource",
      );
    }
  }
  return body;
}

/**
 * What a policy says about an action.
 *
 * @returns `undefined` where it says nothing.
 */
export function policyVerdict(
  { policy, account }: Bucket,
  action: string,
  resource: string,
  caller: Identity | undefined,
): "Allow" | "Deny" | undefined {
  if (policy === undefined) return undefined;
  const found = statements(policy).filter((statement) =>
    list(statement.Action).some((pattern) =>
      matches(pattern.toLowerCase(), action.toLowerCase())
    ) &&
    list(statement.Resource).some((pattern) => matches(pattern, resource)) &&
    isPrincipal(statement.Principal, caller)
  );
  if (found.some(({ Effect }) => Effect === "Deny")) {
    // The owner can always remove a policy that locks it out.
    return caller?.account === account && /BucketPolicy$/.test(action)
      ? undefined
      : "Deny";
  }
  return found.length > 0 ? "Allow" : undefined;
}

/** Whether a policy allows something to everyone. */
export function isPublicPolicy(policy: string | undefined): boolean {
  return policy !== undefined &&
    statements(policy).some(({ Effect, Principal }) =>
      Effect === "Allow" && isPrincipal(Principal, undefined)
    );
}

function statements(policy: string): readonly Statement[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    throw new S3Error("MalformedPolicy");
  }
  if (typeof parsed !== "object" || parsed === null) {
    throw new S3Error("MalformedPolicy");
  }
  const found = "Statement" in parsed ? parsed.Statement : [];
  const all: readonly unknown[] = Array.isArray(found) ? found : [found];
  return all.map((statement) => {
    if (
      typeof statement !== "object" || statement === null ||
      !("Effect" in statement)
    ) throw new S3Error("MalformedPolicy", {}, "Missing required field Effect");
    return statement as Statement;
  });
}

function isPrincipal(
  principal: unknown,
  caller: Identity | undefined,
): boolean {
  if (principal === "*") return true;
  if (typeof principal !== "object" || principal === null) return false;
  return list("AWS" in principal ? principal.AWS : []).some((name) =>
    name === "*" || (caller !== undefined &&
      [
        caller.account,
        caller.arn,
        `arn:aws:iam::${caller.account}:root`,
        canonicalId(caller.account),
      ].includes(name))
  );
}

function list(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value)
    ? value.filter((item) => typeof item === "string")
    : [];
}

/** `*` stands for any text and `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

function isPermission(value: string | undefined): value is Permission {
  return value !== undefined && PERMISSIONS.includes(value);
}

/** A body as text. */
export function policyText(body: Uint8Array): string {
  try {
    return strictText(body);
  } catch {
    throw new S3Error("MalformedPolicy");
  }
}
