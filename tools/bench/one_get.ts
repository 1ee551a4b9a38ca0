/**
 * The program of the bundle figure: one object, read. It has a client of its
 * own, with no operation but the one that it calls.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import type { ClientCore } from "../../src/ports/caller.ts";
import { GetObject, type GetObjectOutput } from "../../src/services/s3/mod.ts";
import { s3 } from "../../src/services/s3/service.ts";

class Reader {
  static readonly service = s3;
  readonly #core: ClientCore;

  constructor(core: ClientCore) {
    this.#core = core;
  }

  get(Bucket: string, Key: string): Promise<GetObjectOutput> {
    return this.#core.call(GetObject, { Bucket, Key });
  }
}

const reader = new Session({ region: "eu-west-1" }).client(Reader);
const { Body } = await reader.get("photos", "cat.txt");
console.log(await Body.text());
