import { assertEquals } from "@std/assert";
import { s3 } from "../../../src/services/s3/service.ts";
import {
  S3,
  type S3Config,
  STORES,
  stores,
} from "../../../src/services/s3/mod.ts";

/** Settings of each store, and where they send `photos/cat.txt`. */
const CASES: Readonly<
  Record<keyof typeof stores, readonly [S3Config, url: string, region: string]>
> = {
  aws: [
    stores.aws({ region: "eu-west-1" }),
    "https://photos.s3.eu-west-1.amazonaws.com",
    "eu-west-1",
  ],
  b2: [
    stores.b2({ region: "us-west-004" }),
    "https://photos.s3.us-west-004.backblazeb2.com",
    "us-west-004",
  ],
  ceph: [
    stores.ceph({ endpointUrl: "https://ceph.example.com", region: "here" }),
    "https://ceph.example.com/photos",
    "here",
  ],
  gcs: [stores.gcs(), "https://storage.googleapis.com/photos", "auto"],
  minio: [
    stores.minio({ endpointUrl: "http://localhost:9000" }),
    "http://localhost:9000/photos",
    "us-east-1",
  ],
  r2: [
    stores.r2({ accountId: "0123", jurisdiction: "eu" }),
    "https://0123.eu.r2.cloudflarestorage.com/photos",
    "auto",
  ],
  spaces: [
    stores.spaces({ region: "ams3" }),
    "https://photos.ams3.digitaloceanspaces.com",
    "ams3",
  ],
  swift: [
    stores.swift({ endpointUrl: "http://localhost:8085" }),
    "http://localhost:8085/photos",
    "us-east-1",
  ],
  tigris: [stores.tigris(), "https://photos.t3.storage.dev", "auto"],
  wasabi: [
    stores.wasabi({ region: "eu-central-1" }),
    "https://s3.eu-central-1.wasabisys.com/photos",
    "eu-central-1",
  ],
};

for (const [name, [settings, url, signingRegion]] of Object.entries(CASES)) {
  Deno.test(`stores.${name} leads to the bucket`, async () => {
    const { region, endpointUrl } = settings;

    const endpoint = await s3.endpoint({
      settings,
      operation: "GetObject",
      context: { Bucket: "photos" },
      ...region === undefined ? {} : { region },
      ...endpointUrl === undefined ? {} : { endpointUrl },
    });

    assertEquals(endpoint.origin + endpoint.basePath, url);
    assertEquals(endpoint.signingRegion, signingRegion);
  });
}

Deno.test("stores.r2 leaves the jurisdiction out where there is none", () => {
  assertEquals(
    stores.r2({ accountId: "0123" }).endpointUrl,
    "https://0123.r2.cloudflarestorage.com",
  );
});

Deno.test("STORES tells the sources for every store", () => {
  assertEquals(Object.keys(STORES), Object.keys(stores));
  assertEquals(
    Object.values(STORES).filter(({ sources }) => sources.length === 0),
    [],
  );
});

Deno.test("stores set what an S3 client knows", () => {
  const known = S3.service.settings.map(({ name }) => name);
  const general = ["region", "endpointUrl"];

  const unknown = Object.values(CASES)
    .flatMap(([settings]) => Object.keys(settings))
    .filter((name) => !known.includes(name) && !general.includes(name));

  assertEquals(unknown, []);
});
