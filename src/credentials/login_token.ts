/**
 * The session that `aws login` left, as the AWS CLI keeps it.
 *
 * @module
 */
import { hex, utf8 } from "../foundation/bytes.ts";
import { sha256 } from "../foundation/digest.ts";
import { expandPath } from "../foundation/paths.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { System } from "../ports/system.ts";
import { readExpiry } from "./expiry.ts";
import { failure } from "./failure.ts";
import { missingTexts, readJsonFile } from "./json_file.ts";
import { isObject, type JsonObject } from "./metadata_keys.ts";

const NAME = "login";
const FOLDER = "AWS_LOGIN_CACHE_DIRECTORY";
const AGAIN = 'run "aws login"';

/** A cached session. */
export interface LoginToken {
  /** All that is in the file. */
  readonly fields: JsonObject;
  /** The credentials in it. */
  readonly credentials: Credentials & { readonly expiration: Date };
  /** Who it was made for. */
  readonly clientId: string;
  /** What a new one is got with. */
  readonly refreshToken: string;
  /** The key that it is bound to, as PEM. */
  readonly dpopKey: string;
  /** Region that it was signed in at, and is renewed at. */
  readonly signInRegion?: string;
}

/**
 * The path of a session's file.
 *
 * @param system Whose home folder and variables count.
 * @param session Name of the session: `login_session` of the profile.
 * @throws {CredentialsError} If the home folder is not known.
 */
export async function loginTokenPath(
  system: Pick<System, "env">,
  session: string,
): Promise<string> {
  const named = system.env(FOLDER);
  const folder = named.kind === "found" ? named.value : "~/.aws/login/cache";
  const { path, denied } = expandPath(folder, system);
  if (path === undefined) {
    throw unusable(
      denied.length > 0
        ? `the home folder is not known; run with ${denied.join(" ")}`
        : `the home folder is not known; set HOME or ${FOLDER}`,
    );
  }
  return `${path}/${hex(await sha256(utf8(session)))}.json`;
}

/**
 * Reads a session's file.
 *
 * @param system Where it is.
 * @param path Its path.
 * @throws {CredentialsError} If there is no usable session in it.
 */
export async function readLoginToken(
  system: Pick<System, "readText">,
  path: string,
): Promise<LoginToken> {
  const found = await readJsonFile(system, path);
  if (found.kind === "denied") {
    throw unusable(`the session may not be read; run with ${found.flag}`);
  }
  if (found.kind === "absent") {
    throw unusable(`the session does not exist ("${path}"); ${AGAIN}`);
  }
  if (found.kind === "unreadable") {
    throw unusable(`the session in "${path}" is not a JSON object; ${AGAIN}`);
  }
  return loginToken(found.value);
}

/**
 * Reads a session.
 *
 * @param fields What is in its file.
 * @throws {CredentialsError} If something is missing.
 */
export function loginToken(fields: JsonObject): LoginToken {
  const { accessToken } = fields;
  const keys = isObject(accessToken) ? accessToken : {};
  const expiration = readExpiry(keys["expiresAt"]);
  const missing = [
    ...missingTexts(fields, ["refreshToken", "dpopKey", "clientId"]),
    ...missingTexts(keys, ["accessKeyId", "secretAccessKey", "sessionToken"])
      .map((name) => `accessToken.${name}`),
    ...expiration === undefined ? ["accessToken.expiresAt"] : [],
  ];
  if (expiration === undefined || missing.length > 0) {
    throw unusable(`the session lacks ${missing.join(", ")}; ${AGAIN}`);
  }
  const accountId = keys["accountId"];
  const { signInRegion } = fields;
  return {
    fields,
    credentials: {
      accessKeyId: String(keys["accessKeyId"]),
      secretAccessKey: String(keys["secretAccessKey"]),
      sessionToken: String(keys["sessionToken"]),
      expiration,
      ...typeof accountId === "string" && { accountId },
      source: NAME,
    },
    clientId: String(fields["clientId"]),
    refreshToken: String(fields["refreshToken"]),
    dpopKey: String(fields["dpopKey"]),
    ...typeof signInRegion === "string" && signInRegion !== "" &&
      { signInRegion },
  };
}

function unusable(why: string): Error {
  return failure(NAME, "LoginTokenLoadError", why);
}
