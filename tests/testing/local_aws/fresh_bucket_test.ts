import { assertEquals } from "@std/assert";
import type { Operation } from "../../../src/ports/schema.ts";
import * as tables from "../../../src/services/s3/generated/operations.ts";
import { LocalClient } from "./local_client.ts";

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const OWNER =
  "<Owner><ID>0000000000000000000000000000000000000000000000000000123456789012</ID></Owner>";

/**
 * What Amazon answers to each `Get…` and `List…` of a bucket that was only made:
 * a document, or the code of a 404. Two differ from Amazon's, whose new buckets
 * take no ACLs and block public access: docs/decisions/0025.
 */
const FRESH: Readonly<Record<string, string>> = {
  GetBucketAccelerateConfiguration:
    `<AccelerateConfiguration ${XMLNS}></AccelerateConfiguration>`,
  GetBucketAcl:
    `<AccessControlPolicy ${XMLNS}>${OWNER}<AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>0000000000000000000000000000000000000000000000000000123456789012</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`,
  GetBucketAnalyticsConfiguration: "NoSuchConfiguration",
  GetBucketCors: "NoSuchCORSConfiguration",
  GetBucketEncryption:
    `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`,
  GetBucketIntelligentTieringConfiguration: "NoSuchConfiguration",
  GetBucketInventoryConfiguration: "NoSuchConfiguration",
  GetBucketLifecycleConfiguration: "NoSuchLifecycleConfiguration",
  GetBucketLocation: `<LocationConstraint ${XMLNS}></LocationConstraint>`,
  GetBucketLogging: `<BucketLoggingStatus ${XMLNS}></BucketLoggingStatus>`,
  GetBucketMetricsConfiguration: "NoSuchConfiguration",
  GetBucketNotificationConfiguration:
    `<NotificationConfiguration ${XMLNS}></NotificationConfiguration>`,
  GetBucketOwnershipControls: "OwnershipControlsNotFoundError",
  GetBucketPolicy: "NoSuchBucketPolicy",
  GetBucketPolicyStatus: "NoSuchBucketPolicy",
  GetBucketReplication: "ReplicationConfigurationNotFoundError",
  GetBucketRequestPayment:
    `<RequestPaymentConfiguration ${XMLNS}><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`,
  GetBucketTagging: "NoSuchTagSet",
  GetBucketVersioning:
    `<VersioningConfiguration ${XMLNS}></VersioningConfiguration>`,
  GetBucketWebsite: "NoSuchWebsiteConfiguration",
  GetObjectLockConfiguration: "ObjectLockConfigurationNotFoundError",
  GetPublicAccessBlock: "NoSuchPublicAccessBlockConfiguration",
  ListBucketAnalyticsConfigurations:
    `<ListBucketAnalyticsConfigurationResult ${XMLNS}><IsTruncated>false</IsTruncated></ListBucketAnalyticsConfigurationResult>`,
  ListBucketIntelligentTieringConfigurations:
    `<ListBucketIntelligentTieringConfigurationsOutput ${XMLNS}><IsTruncated>false</IsTruncated></ListBucketIntelligentTieringConfigurationsOutput>`,
  ListBucketInventoryConfigurations:
    `<ListInventoryConfigurationsResult ${XMLNS}><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>`,
  ListBucketMetricsConfigurations:
    `<ListMetricsConfigurationsResult ${XMLNS}><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>`,
};

/** Those that no handler answers: they are refused by name. */
const REFUSED = [
  "GetBucketAbac",
  "GetBucketMetadataConfiguration",
  "GetBucketMetadataTableConfiguration",
];

/** Those that another one of the same query answers. */
const OLD = ["GetBucketLifecycle", "GetBucketNotification"];

/** Operations that read a bucket's configuration, with their query. */
function readers(): readonly (readonly [name: string, query: string])[] {
  return Object.entries(tables).flatMap(([name, table]) => {
    const { method, path }: Operation<never, unknown> = table;
    const [, query = ""] = /^\?([a-zA-Z-]+)(?:&|$)/.exec(path) ?? [];
    return method === "GET" && query !== "" && /^(?:Get|List)/.test(name) &&
        !/^List(?:Object|Multipart)/.test(name) && !OLD.includes(name)
      ? [[name, query] as const]
      : [];
  });
}

// Proves M.
Deno.test("LocalAws answers every Get of a fresh bucket as Amazon does", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");

  const found: Record<string, string> = {};
  const refused: string[] = [];
  for (const [name, query] of readers()) {
    const ofOne = FRESH[name] === "NoSuchConfiguration";
    const { status, text, code } = await client.send("GET", "/photos", {
      query: ofOne ? [[query], ["id", "a"]] : [[query]],
    });
    if (status === 501) {
      refused.push(name);
      assertEquals(text.includes(name), true, text);
      continue;
    }
    assertEquals(status, code === undefined ? 200 : 404, name);
    found[name] = code ?? text.replace(/^<\?.*\?>\n/, "");
  }

  assertEquals(found, FRESH);
  assertEquals(refused.toSorted(), REFUSED);
});
