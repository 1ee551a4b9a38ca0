/**
 * Prints the key id of the credentials of a session, whose options are its first
 * argument in JSON. Run by tests under the permissions that are to suffice.
 *
 * @module
 */
import { Session } from "../../mod.ts";

using session = new Session(JSON.parse(Deno.args[0] ?? "{}"));
console.log((await session.credentials()).accessKeyId);
